#include "release/plan/gpgv_status.h"

#include <vector>

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
    {"EXPKEYSIG", "key $0 has expired"},
    {"EXPSIG", "the signature by key $0 has expired"},
    {"ERRSIG", "the signature by key $0 cannot be checked"},
    // Follows an ERRSIG that has the key.
    {"NO_PUBKEY", "key $0 is not in the keyring"},
};

// The status lines after one NEWSIG.
struct Signature {
  bool good = false;
  bool valid = false;
  absl::string_view refusal;
  absl::string_view key = "(unknown)";
};

// The position of the key's fingerprint among a line's fields; 0 if the line
// has none.
size_t FingerprintPosition(absl::string_view keyword) {
  if (keyword == "KEY_CONSIDERED" || keyword == "VALIDSIG") return 1;
  return keyword == "ERRSIG" ? 7 : 0;
}

void AddStatusLine(const std::vector<absl::string_view>& fields,
                   Signature& signature) {
  const absl::string_view keyword = fields[0];
  if (keyword == "GOODSIG") signature.good = true;
  if (keyword == "VALIDSIG") signature.valid = true;
  for (const Refusal& refusal : kRefusals) {
    if (keyword == refusal.keyword) signature.refusal = refusal.cause;
  }
  const size_t position = FingerprintPosition(keyword);
  if (position != 0 && position < fields.size() && fields[position] != "-") {
    signature.key = fields[position];
  }
}

absl::Status CheckSignature(const Signature& signature) {
  if (signature.refusal.empty() && signature.good && signature.valid) {
    return absl::OkStatus();
  }
  const absl::string_view cause =
      signature.refusal.empty()
          ? "gpgv did not report the signature by key $0 as good and valid"
          : signature.refusal;
  return absl::DataLossError(absl::Substitute(cause, signature.key));
}

}  // namespace

absl::Status CheckGpgvStatus(absl::string_view status_lines) {
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
  for (const Signature& signature : signatures) {
    const absl::Status status = CheckSignature(signature);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace gantry::plan
