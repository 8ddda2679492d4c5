#ifndef GANTRY_BASE_HOST_IDENTITY_H_
#define GANTRY_BASE_HOST_IDENTITY_H_

#include <string>

#include "absl/status/statusor.h"

namespace gantry {

// The properties of a host that a payload must match.
struct HostIdentity {
  // Both as CellCoordinates defines them.
  std::string os_release;
  std::string kernel_release;
};

// Identifies the host whose root directory is `root`: "/", or where it is
// mounted in a container.  os-release is found and parsed as ReadOsRelease()
// does; symbolic links, absolute ones too, are resolved inside `root`.
//
// If `kernel_release` is empty, it is that of the running kernel (uname(2)),
// which a container shares with its host.
//
// Errors name `root` and the file.  NOT_FOUND: no os-release file, or no
// directory `root`.  INVALID_ARGUMENT: the file is malformed.
// FAILED_PRECONDITION: ID or VERSION_ID is missing or empty (os-release(5)
// makes them optional; Debian sid has no VERSION_ID).
absl::StatusOr<HostIdentity> ReadHostIdentity(
    const std::string& root, const std::string& kernel_release);

}  // namespace gantry

#endif  // GANTRY_BASE_HOST_IDENTITY_H_
