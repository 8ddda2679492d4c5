#ifndef GANTRY_PAYLOAD_NODE_INSTALL_LOCK_H_
#define GANTRY_PAYLOAD_NODE_INSTALL_LOCK_H_

#include "absl/status/statusor.h"
#include "base/file_lock.h"
#include "payload/node/directory.h"

namespace gantry::node {

// Locks the host against other installers (/opt/.gantry.lock).  Does not wait:
// UNAVAILABLE with ExitCode::kBusy if another process holds the lock.
absl::StatusOr<FileLock> LockHost(const Directory& rootfs);

}  // namespace gantry::node

#endif  // GANTRY_PAYLOAD_NODE_INSTALL_LOCK_H_
