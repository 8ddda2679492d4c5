#ifndef GANTRY_RELEASE_SERVICE_CLIENT_CLIENT_CREDENTIALS_H_
#define GANTRY_RELEASE_SERVICE_CLIENT_CLIENT_CREDENTIALS_H_

#include <string>

#include "absl/status/statusor.h"

namespace gantry::service {

// How a client shows a release service who it is, and how it recognizes the
// service.
struct ClientCredentials {
  // Certificates, in PEM, of the issuers of the service's certificate.  Empty:
  // no TLS.
  std::string ca_file;

  // Has a token, which is read again for each call: identity tokens of CI jobs
  // expire within minutes.  Empty: none.
  std::string token_file;

  // The client's certificate with the chain of its issuers, and its key, in
  // PEM. Empty: none.
  std::string certificate_file;
  std::string key_file;
};

// The content of the file without surrounding white space.  INVALID_ARGUMENT,
// naming it: it is no token.  Errors of reading it.
absl::StatusOr<std::string> ReadToken(const std::string& path);

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_CLIENT_CLIENT_CREDENTIALS_H_
