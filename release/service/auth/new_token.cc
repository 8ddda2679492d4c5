#include "release/service/auth/new_token.h"

#include <openssl/rand.h>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/proto_time.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "base/textproto.h"
#include "release/service/auth/authenticator.h"

namespace gantry::service {

absl::StatusOr<std::string> AddToken(
    const std::string& path, const std::string& name,
    const std::vector<release::v1::Role>& roles, absl::Time expire_time) {
  release::v1::Credentials credentials;
  const absl::Status read = ReadTextProto(path, credentials);
  if (!absl::IsNotFound(read)) GANTRY_RETURN_IF_ERROR(read);
  for (const auto& token : credentials.tokens()) {
    if (token.name() == name) {
      return absl::AlreadyExistsError(
          absl::StrCat(path, ": has a token named ", name,
                       "; remove it first, or use another name"));
    }
  }
  unsigned char random[32];
  if (RAND_bytes(random, sizeof(random)) != 1) {
    return absl::InternalError("libcrypto has no random numbers");
  }
  const std::string secret = absl::WebSafeBase64Escape(
      absl::string_view(reinterpret_cast<const char*>(random), sizeof(random)));
  release::v1::Token& token = *credentials.add_tokens();
  token.set_name(name);
  for (const release::v1::Role role : roles) token.add_roles(role);
  token.set_digest(Sha256Digest(secret));
  *token.mutable_expire_time() = ToTimestamp(expire_time);
  GANTRY_RETURN_IF_ERROR(Annotate(ValidateCredentials(credentials), path));
  GANTRY_RETURN_IF_ERROR(
      WriteFileAtomically(path, FormatTextProto(credentials)));
  return secret;
}

}  // namespace gantry::service
