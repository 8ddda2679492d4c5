#ifndef GANTRY_RELEASE_SERVICE_CONNECTION_CREDENTIAL_FLAGS_H_
#define GANTRY_RELEASE_SERVICE_CONNECTION_CREDENTIAL_FLAGS_H_

#include "release/service/client/client_credentials.h"

namespace gantry::service {

// What the flags --service_ca, --service_token_file, --service_certificate and
// --service_key say, which every program has that links this.  Relative paths
// are those of the user's working directory.
ClientCredentials CredentialsFromFlags();

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_CONNECTION_CREDENTIAL_FLAGS_H_
