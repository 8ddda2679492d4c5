#include "release/plan/gpgv_status.h"

#include <algorithm>
#include <cstdint>
#include <map>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/strings/substitute.h"

namespace gantry::plan {
namespace {

constexpr char kLinePrefix[] = "[GNUPG:] ";

// Keywords for which a signature is refused, and the cause; $0 is the key.
struct Refusal {
  absl::string_view keyword;
  absl::string_view cause;
};
constexpr Refusal kRefusals[] = {
    {"BADSIG", "the file does not match the signature by key $0"},
    {"REVKEYSIG", "key $0 has been revoked"},
    {"EXPSIG", "the signature by key $0 has expired"},
    {"ERRSIG", "the signature by key $0 cannot be checked"},
    // Follows an ERRSIG that has the key.
    {"NO_PUBKEY", "key $0 is not in the keyring"},
};

// The status lines after one NEWSIG.
struct Signature {
  bool good = false;
  bool valid = false;
  bool key_has_expired = false;
  absl::string_view refusal;
  absl::string_view key = "(unknown)";
  absl::string_view primary_key;
  // In seconds since the epoch; unless `valid`, 0.
  int64_t time = 0;
};

// The position of the key's fingerprint among a line's fields; 0 if the line
// has none.
size_t FingerprintPosition(absl::string_view keyword) {
  if (keyword == "KEY_CONSIDERED" || keyword == "VALIDSIG") return 1;
  return keyword == "ERRSIG" ? 7 : 0;
}

void AddStatusLine(const std::vector<absl::string_view>& fields,
                   Signature& signature) {
  constexpr size_t kTime = 3;
  constexpr size_t kPrimaryKey = 10;
  const absl::string_view keyword = fields[0];
  if (keyword == "GOODSIG") signature.good = true;
  if (keyword == "EXPKEYSIG") signature.key_has_expired = true;
  if (keyword == "VALIDSIG") {
    signature.valid = fields.size() > kTime &&
                      absl::SimpleAtoi(fields[kTime], &signature.time);
    if (fields.size() > kPrimaryKey)
      signature.primary_key = fields[kPrimaryKey];
  }
  for (const Refusal& refusal : kRefusals) {
    if (keyword == refusal.keyword) signature.refusal = refusal.cause;
  }
  const size_t position = FingerprintPosition(keyword);
  if (position != 0 && position < fields.size() && fields[position] != "-") {
    signature.key = fields[position];
  }
}

// A primary key or a subkey.
struct Key {
  bool revoked = false;
  // In seconds since the epoch; 0: never.
  int64_t expiration = 0;
};

// The keys of a colon listing, by their fingerprints.
std::map<absl::string_view, Key> ParseKeyListing(absl::string_view listing) {
  constexpr size_t kValidity = 1;
  constexpr size_t kExpiration = 6;
  constexpr size_t kFingerprint = 9;
  std::map<absl::string_view, Key> keys;
  Key key;
  for (absl::string_view line : absl::StrSplit(listing, '\n')) {
    const std::vector<absl::string_view> fields = absl::StrSplit(line, ':');
    if (fields.size() <= kFingerprint) continue;
    if (fields[0] == "pub" || fields[0] == "sub") {
      key = Key();
      key.revoked = fields[kValidity] == "r";
      // The first second, if it is not a number.
      if (!fields[kExpiration].empty() &&
          !absl::SimpleAtoi(fields[kExpiration], &key.expiration)) {
        key.expiration = 1;
      }
    } else if (fields[0] == "fpr") {
      // A keyring may have an older copy of the key too.
      Key& known = keys.emplace(fields[kFingerprint], key).first->second;
      known.revoked = known.revoked || key.revoked;
    }
  }
  return keys;
}

// Why a valid signature is refused for its key; empty if it is not.
absl::string_view KeyRefusal(const Signature& signature,
                             const std::map<absl::string_view, Key>& keys) {
  for (absl::string_view fingerprint : {signature.key, signature.primary_key}) {
    const auto key = keys.find(fingerprint);
    if (key != keys.end() && key->second.revoked) {
      return "key $0 has been revoked";
    }
    if (!signature.key_has_expired) continue;
    if (key == keys.end()) return "key $0 has expired";
    const int64_t expiration = key->second.expiration;
    if (expiration != 0 && signature.time >= expiration) {
      return "key $0 had expired when it signed";
    }
  }
  return "";
}

absl::string_view RefusalCause(const Signature& signature,
                               const std::map<absl::string_view, Key>& keys,
                               const std::vector<std::string>& fingerprints) {
  if (!signature.refusal.empty()) return signature.refusal;
  if (!signature.valid || !(signature.good || signature.key_has_expired)) {
    return "gpgv did not report the signature by key $0 as good and valid";
  }
  if (!fingerprints.empty() &&
      std::find(fingerprints.begin(), fingerprints.end(),
                signature.primary_key) == fingerprints.end()) {
    return "the primary key of key $0 is not one of the "
           "signing_key_fingerprints";
  }
  return KeyRefusal(signature, keys);
}

}  // namespace

absl::Status CheckGpgvStatus(absl::string_view status_lines,
                             absl::string_view key_listing,
                             const std::vector<std::string>& fingerprints) {
  std::vector<Signature> signatures;
  for (absl::string_view line : absl::StrSplit(status_lines, '\n')) {
    if (!absl::ConsumePrefix(&line, kLinePrefix)) continue;
    const std::vector<absl::string_view> fields = absl::StrSplit(line, ' ');
    if (fields[0] == "NEWSIG") {
      signatures.emplace_back();
    } else if (!signatures.empty()) {
      AddStatusLine(fields, signatures.back());
    }
  }
  if (signatures.empty()) {
    return absl::DataLossError("not an OpenPGP signature");
  }
  const std::map<absl::string_view, Key> keys = ParseKeyListing(key_listing);
  for (const Signature& signature : signatures) {
    const absl::string_view cause = RefusalCause(signature, keys, fingerprints);
    if (!cause.empty()) {
      return absl::DataLossError(absl::Substitute(cause, signature.key));
    }
  }
  return absl::OkStatus();
}

}  // namespace gantry::plan
