#ifndef GANTRY_PAYLOAD_INSTALL_INSTALL_LOCK_H_
#define GANTRY_PAYLOAD_INSTALL_INSTALL_LOCK_H_

#include "absl/status/statusor.h"
#include "payload/install/folder.h"
#include "payload/install/unique_fd.h"

namespace gantry {

// Locks the host (flock(2) on /opt/.gantry.lock) until the result is closed,
// which the kernel does for a process that ends in any way.  Does not wait:
// UNAVAILABLE with ExitCode::kBusy if another process has it.
absl::StatusOr<UniqueFd> LockHost(const Folder& rootfs);

}  // namespace gantry

#endif  // GANTRY_PAYLOAD_INSTALL_INSTALL_LOCK_H_
