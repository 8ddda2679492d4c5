#ifndef GANTRY_RELEASE_SERVICE_AUTH_NEW_TOKEN_H_
#define GANTRY_RELEASE_SERVICE_AUTH_NEW_TOKEN_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/credentials.pb.h"

namespace gantry::service {

// Makes a random token of 256 bits, adds its entry to a file of credentials,
// which is created if it is missing, and returns the token, in base64url.
// INVALID_ARGUMENT, naming file and field: an argument or the file is
// malformed. ALREADY_EXISTS: the file has a token with this name.
absl::StatusOr<std::string> AddToken(
    const std::string& path, const std::string& name,
    const std::vector<release::v1::Role>& roles, absl::Time expire_time);

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_AUTH_NEW_TOKEN_H_
