#include "release/service/connection/credential_flags.h"

#include <string>

#include "absl/flags/flag.h"
#include "base/user_path.h"

ABSL_FLAG(std::string, service_ca, "",
          "file with the certificates, in PEM, that vouch for the service's; "
          "empty: no TLS");
ABSL_FLAG(std::string, service_token_file, "",
          "file with the token to show the service, read again for each call");
ABSL_FLAG(std::string, service_certificate, "",
          "file with the certificate, in PEM, to show the service");
ABSL_FLAG(std::string, service_key, "",
          "file with the key, in PEM, of --service_certificate");

namespace gantry::service {
namespace {

std::string PathOf(const std::string& flag) {
  return flag.empty() ? "" : UserPath(flag);
}

}  // namespace

ClientCredentials CredentialsFromFlags() {
  ClientCredentials credentials;
  credentials.ca_file = PathOf(absl::GetFlag(FLAGS_service_ca));
  credentials.token_file = PathOf(absl::GetFlag(FLAGS_service_token_file));
  credentials.certificate_file =
      PathOf(absl::GetFlag(FLAGS_service_certificate));
  credentials.key_file = PathOf(absl::GetFlag(FLAGS_service_key));
  return credentials;
}

}  // namespace gantry::service
