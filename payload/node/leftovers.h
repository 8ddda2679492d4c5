#ifndef GANTRY_PAYLOAD_NODE_LEFTOVERS_H_
#define GANTRY_PAYLOAD_NODE_LEFTOVERS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/types/optional.h"
#include "payload/node/directory.h"

namespace gantry::node {

// Returns the one of kStagingNames (host_paths.h) that `current` does not lead
// to.  There are two because `current` may temporarily lead to one (see
// apply.h).
std::string StagingName(const absl::optional<std::string>& current);

// Fails, like CheckNothingMounted(), if something is mounted on or below a
// hidden directory.  That includes one that `current` leads to, which this run
// eventually has to remove.
absl::Status CheckLeftoversRemovable(const Directory& rootfs);

// Removes what interrupted runs left below /opt/cuda, /opt/nvidia and
// /etc/ld.so.conf.d, except what `current` leads to.  Removes nothing through a
// mount (see remove_tree.h).
absl::Status RemoveLeftovers(const Directory& rootfs);

}  // namespace gantry::node

#endif  // GANTRY_PAYLOAD_NODE_LEFTOVERS_H_
