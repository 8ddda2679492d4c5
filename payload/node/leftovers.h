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

// Removes what interrupted runs left below /opt/cuda, /opt/nvidia and
// /etc/ld.so.conf.d.  What `current` leads to stays.
absl::Status RemoveLeftovers(const Folder& rootfs);

// Temporary names that are renamed to the real ones; the second does not end
// in ".conf", so ldconfig does not read it.
inline constexpr char kNewLink[] = ".gantry-current";
inline constexpr char kNewLdConf[] = ".gantry.conf.new";

}  // namespace gantry::node

#endif  // GANTRY_PAYLOAD_NODE_LEFTOVERS_H_
