#include "release/service/auth/json_web_token.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/params.h>
#include <openssl/types.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/json.h"
#include "base/status_macros.h"

namespace gantry::service {
namespace {

using ::google::protobuf::Struct;
using ::google::protobuf::Value;

constexpr int kMinKeyBits = 2048;

// Clocks of the issuer and of this host may differ.
constexpr absl::Duration kClockSkew = absl::Seconds(60);

absl::Status Unauthenticated(absl::string_view why) {
  return absl::UnauthenticatedError(absl::StrCat("identity token: ", why));
}

std::string TextOf(const Struct& object, const std::string& name) {
  const auto found = object.fields().find(name);
  return found == object.fields().end() ? "" : found->second.string_value();
}

struct BignumFree {
  void operator()(BIGNUM* number) const { BN_free(number); }
};
using Bignum = std::unique_ptr<BIGNUM, BignumFree>;

// A number in base64url; null if it is malformed.
Bignum ParseNumber(const std::string& text) {
  std::string bytes;
  if (text.empty() || !absl::WebSafeBase64Unescape(text, &bytes)) return {};
  return Bignum(BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()),
                          static_cast<int>(bytes.size()), nullptr));
}

// Null if it cannot be made.
std::shared_ptr<EVP_PKEY> MakeRsaKey(const BIGNUM* modulus,
                                     const BIGNUM* exponent) {
  const std::unique_ptr<OSSL_PARAM_BLD, decltype(&OSSL_PARAM_BLD_free)> builder(
      OSSL_PARAM_BLD_new(), &OSSL_PARAM_BLD_free);
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus);
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent);
  const std::unique_ptr<OSSL_PARAM, decltype(&OSSL_PARAM_free)> parameters(
      OSSL_PARAM_BLD_to_param(builder.get()), &OSSL_PARAM_free);
  const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(
      EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr), &EVP_PKEY_CTX_free);
  EVP_PKEY* key = nullptr;
  if (EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY,
                        parameters.get()) != 1) {
    return nullptr;
  }
  return {key, &EVP_PKEY_free};
}

// The parts of a token, decoded.
struct Parts {
  Struct header;
  Struct claims;
  std::string signature;
  // What is signed: a part of the token.
  absl::string_view signed_text;
};

absl::Status DecodeObject(absl::string_view text, absl::string_view name,
                          Struct& object) {
  std::string json;
  if (!absl::WebSafeBase64Unescape(text, &json) ||
      !ParseJson(json, name, object).ok()) {
    return Unauthenticated(absl::StrCat("malformed ", name));
  }
  return absl::OkStatus();
}

absl::StatusOr<Parts> Decode(absl::string_view token) {
  const std::vector<absl::string_view> texts = absl::StrSplit(token, '.');
  if (texts.size() != 3) return Unauthenticated("malformed");
  Parts parts;
  GANTRY_RETURN_IF_ERROR(DecodeObject(texts[0], "header", parts.header));
  GANTRY_RETURN_IF_ERROR(DecodeObject(texts[1], "claims", parts.claims));
  if (!absl::WebSafeBase64Unescape(texts[2], &parts.signature)) {
    return Unauthenticated("malformed signature");
  }
  if (TextOf(parts.header, "alg") != "RS256") {
    return Unauthenticated("not signed with RS256");
  }
  // Extensions that must be understood (RFC 7515, section 4.1.11): none are.
  if (parts.header.fields().count("crit") != 0) {
    return Unauthenticated("has critical extensions");
  }
  parts.signed_text = token.substr(0, token.rfind('.'));
  return parts;
}

bool IsSignedBy(const Parts& parts, EVP_PKEY* key) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(
      EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  // PKCS #1 1.5 is the default padding of RSA keys, and RS256's.
  return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr,
                              key) == 1 &&
         EVP_DigestVerify(
             context.get(),
             reinterpret_cast<const unsigned char*>(parts.signature.data()),
             parts.signature.size(),
             reinterpret_cast<const unsigned char*>(parts.signed_text.data()),
             parts.signed_text.size()) == 1;
}

bool HasAudience(const Struct& claims, const std::string& audience) {
  const auto found = claims.fields().find("aud");
  if (found == claims.fields().end()) return false;
  if (!found->second.has_list_value()) {
    return found->second.string_value() == audience;
  }
  const auto& all = found->second.list_value().values();
  return std::any_of(all.begin(), all.end(), [&](const Value& one) {
    return one.string_value() == audience;
  });
}

// OK if the token is valid now.
absl::Status CheckTimes(const Struct& claims, absl::Time now) {
  const auto expiry = claims.fields().find("exp");
  if (expiry == claims.fields().end() || !expiry->second.has_number_value()) {
    return Unauthenticated("has no expiry");
  }
  const auto time = [](const Value& value) {
    return absl::UnixEpoch() + absl::Seconds(value.number_value());
  };
  if (now - kClockSkew >= time(expiry->second)) {
    return Unauthenticated(absl::StrCat(
        "expired at ",
        absl::FormatTime(time(expiry->second), absl::UTCTimeZone())));
  }
  const auto begin = claims.fields().find("nbf");
  if (begin != claims.fields().end() &&
      (!begin->second.has_number_value() ||
       now + kClockSkew < time(begin->second))) {
    return Unauthenticated("is not valid yet");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<JsonWebKeys> JsonWebKeys::Parse(absl::string_view json) {
  Struct set;
  GANTRY_RETURN_IF_ERROR(ParseJson(json, "key set", set));
  JsonWebKeys keys;
  const auto found = set.fields().find("keys");
  if (found == set.fields().end() || !found->second.has_list_value()) {
    return absl::InvalidArgumentError("key set: has no \"keys\"");
  }
  for (const Value& value : found->second.list_value().values()) {
    const Struct& key = value.struct_value();
    const std::string use = TextOf(key, "use");
    if (TextOf(key, "kty") != "RSA" || (!use.empty() && use != "sig")) continue;
    const std::string id = TextOf(key, "kid");
    if (id.empty()) {
      return absl::InvalidArgumentError("key set: a key has no \"kid\"");
    }
    const Bignum modulus = ParseNumber(TextOf(key, "n"));
    const Bignum exponent = ParseNumber(TextOf(key, "e"));
    if (modulus == nullptr || exponent == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("key set: key ", id, " is malformed"));
    }
    if (BN_num_bits(modulus.get()) < kMinKeyBits) {
      return absl::InvalidArgumentError(absl::StrCat(
          "key set: key ", id, " has less than ", kMinKeyBits, " bits"));
    }
    std::shared_ptr<EVP_PKEY> made = MakeRsaKey(modulus.get(), exponent.get());
    if (made == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("key set: key ", id, " is malformed"));
    }
    keys.keys_[id] = std::move(made);
  }
  return keys;
}

evp_pkey_st* JsonWebKeys::Find(const std::string& key_id) const {
  const auto found = keys_.find(key_id);
  return found == keys_.end() ? nullptr : found->second.get();
}

bool IsJsonWebToken(absl::string_view text) {
  return std::count(text.begin(), text.end(), '.') == 2;
}

absl::StatusOr<UnverifiedToken> ReadUnverified(absl::string_view token) {
  GANTRY_ASSIGN_OR_RETURN(const Parts parts, Decode(token));
  return UnverifiedToken{TextOf(parts.header, "kid"),
                         TextOf(parts.claims, "iss")};
}

absl::StatusOr<Struct> VerifyToken(absl::string_view token,
                                   const JsonWebKeys& keys,
                                   const std::string& audience,
                                   absl::Time now) {
  GANTRY_ASSIGN_OR_RETURN(Parts parts, Decode(token));
  EVP_PKEY* const key = keys.Find(TextOf(parts.header, "kid"));
  if (key == nullptr) return Unauthenticated("signed with an unknown key");
  if (!IsSignedBy(parts, key)) return Unauthenticated("wrong signature");
  GANTRY_RETURN_IF_ERROR(CheckTimes(parts.claims, now));
  if (!HasAudience(parts.claims, audience)) {
    return Unauthenticated("is for another audience");
  }
  return std::move(parts.claims);
}

}  // namespace gantry::service
