#ifndef GANTRY_PAYLOAD_NODE_LEFTOVERS_H_
#define GANTRY_PAYLOAD_NODE_LEFTOVERS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/types/optional.h"
#include "payload/node/folder.h"

namespace gantry::node {

// The hidden folder in /opt/cuda and /opt/nvidia that an installation is
// staged in, and that what it replaces ends up in.  There are two names
// because `current` may lead to one of them for a moment (see apply.h): this
// gives one that `current` does not lead to.
std::string StagingName(const absl::optional<std::string>& current);

// Fails, as CheckNothingMounted() does, if something is mounted below a hidden
// directory: even one that `current` leads to, because this run has to remove
// it in the end.
absl::Status CheckLeftoversRemovable(const Folder& rootfs);

// Removes what interrupted runs left below /opt/cuda, /opt/nvidia and
// /etc/ld.so.conf.d.  What `current` leads to stays.  Deletes nothing through a
// mount (see remove_tree.h).
absl::Status RemoveLeftovers(const Folder& rootfs);

}  // namespace gantry::node

#endif  // GANTRY_PAYLOAD_NODE_LEFTOVERS_H_
