#ifndef GANTRY_PAYLOAD_NODE_LDCONFIG_H_
#define GANTRY_PAYLOAD_NODE_LDCONFIG_H_

#include <string>

#include "absl/status/status.h"
#include "absl/types/optional.h"
#include "payload/node/directory.h"

namespace gantry::node {

// The path of the host's ldconfig(8), relative to its root; nullopt: it has
// none.
absl::optional<std::string> FindLdconfig(const Directory& rootfs);

// Runs the host's ldconfig, if it has one, with `rootfs` as its root, so that
// the dynamic linker finds the libraries behind `current`.  Requires
// CAP_SYS_CHROOT.
absl::Status RunLdconfig(const Directory& rootfs);

}  // namespace gantry::node

#endif  // GANTRY_PAYLOAD_NODE_LDCONFIG_H_
