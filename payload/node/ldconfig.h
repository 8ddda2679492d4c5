#ifndef GANTRY_PAYLOAD_NODE_LDCONFIG_H_
#define GANTRY_PAYLOAD_NODE_LDCONFIG_H_

#include <string>

#include "absl/status/status.h"
#include "absl/types/optional.h"
#include "payload/node/folder.h"

namespace gantry::node {

// Path of the host's ldconfig(8), relative to its root; nullopt: it has none.
absl::optional<std::string> FindLdconfig(const Folder& rootfs);

// Runs the host's own ldconfig, if it has one, with `rootfs` as its root, so
// that the dynamic linker knows the libraries of the folders that `current`
// leads to.  Needs CAP_SYS_CHROOT.
absl::Status RunLdconfig(const Folder& rootfs);

}  // namespace gantry::node

#endif  // GANTRY_PAYLOAD_NODE_LDCONFIG_H_
