#ifndef GANTRY_RELEASE_SERVICE_AUTH_JSON_WEB_TOKEN_H_
#define GANTRY_RELEASE_SERVICE_AUTH_JSON_WEB_TOKEN_H_

#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/struct.pb.h"

struct evp_pkey_st;

namespace gantry::service {

// The RSA keys of a JSON Web Key Set (RFC 7517), by key id.
class JsonWebKeys {
 public:
  // Skips keys of other types and uses.  INVALID_ARGUMENT: malformed JSON, or
  // an RSA key of less than 2,048 bits or without an id.
  static absl::StatusOr<JsonWebKeys> Parse(absl::string_view json);

  // Null if there is no such key.
  evp_pkey_st* Find(const std::string& key_id) const;

 private:
  std::map<std::string, std::shared_ptr<evp_pkey_st>> keys_;
};

// What the header and the claims of a JSON Web Token (RFC 7519) say, before
// anything is verified.
struct UnverifiedToken {
  // "kid" of the header.
  std::string key_id;
  // "iss".
  std::string issuer;
};

// UNAUTHENTICATED: not a token that is signed with RS256; other algorithms,
// among them "none", are never accepted.
absl::StatusOr<UnverifiedToken> ReadUnverified(absl::string_view token);

// Whether a text has the form of such a token: three parts between dots.
bool IsJsonWebToken(absl::string_view text);

// The claims of a token whose signature, expiry ("exp", required) and begin
// ("nbf") are verified, and whose "aud" contains `audience`.  UNAUTHENTICATED,
// with the reason: one of these does not hold, or `keys` lacks its key.
absl::StatusOr<google::protobuf::Struct> VerifyToken(
    absl::string_view token, const JsonWebKeys& keys,
    const std::string& audience, absl::Time now);

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_AUTH_JSON_WEB_TOKEN_H_
