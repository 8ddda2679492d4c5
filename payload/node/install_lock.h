#ifndef GANTRY_PAYLOAD_NODE_INSTALL_LOCK_H_
#define GANTRY_PAYLOAD_NODE_INSTALL_LOCK_H_

#include "absl/status/statusor.h"
#include "payload/node/folder.h"
#include "payload/node/unique_fd.h"

namespace gantry::node {

// Locks the host (flock(2) on /opt/.gantry.lock) until the result is closed,
// which the kernel does for a process that ends in any way.  Does not wait:
// UNAVAILABLE with ExitCode::kBusy if another process has it.
absl::StatusOr<UniqueFd> LockHost(const Folder& rootfs);

}  // namespace gantry::node

#endif  // GANTRY_PAYLOAD_NODE_INSTALL_LOCK_H_
