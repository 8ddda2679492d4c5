#ifndef GANTRY_PAYLOAD_NODE_HOST_SNAPSHOT_H_
#define GANTRY_PAYLOAD_NODE_HOST_SNAPSHOT_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "payload/node/directory.h"
#include "payload/node/free_space.h"
#include "payload/node/install_target.h"
#include "payload/node/installed.h"

namespace gantry::node {

// The state of a host where one target belongs.
struct TargetState {
  enum class Found {
    kNothing,
    // Installed by us, and what Stage() makes of this target.
    kIntact,
    // Installed by us, with other content.
    kDifferent,
    // Not installed by us.
    kForeign,
  };
  Found found = Found::kNothing;
  // kDifferent: what differs.  kForeign: the reason, as in ownership.h.
  std::string difference;
  // kDifferent: OK, or the error of CheckNothingMounted().
  absl::Status removable;
  // The target of `current`; nullopt: the link does not exist.
  absl::optional<std::string> current;
  // Why `current` was not made by us, as in ownership.h; empty: it was, or does
  // not exist.
  std::string current_conflict;
  FreeSpace space;
};

// Everything that a plan depends on.
struct HostSnapshot {
  // One for each target of the layout, in its order.
  std::vector<TargetState> targets;
  // ld.so.conf.d has our file, with the current content.
  bool ld_conf_is_current = false;
  // Why our file there was not written by us, as in ownership.h; empty: it was,
  // or does not exist.
  std::string ld_conf_conflict;
  bool has_ldconfig = false;
  // The cache of ldconfig is older than a link or a file that it depends on: an
  // earlier run ended before it ran ldconfig.
  bool ld_cache_is_stale = false;
};

// Reads the state of the host at `rootfs`; changes nothing.
absl::StatusOr<HostSnapshot> ReadHostSnapshot(
    const Directory& rootfs, const std::vector<InstallTarget>& targets,
    CheckDepth depth);

}  // namespace gantry::node

#endif  // GANTRY_PAYLOAD_NODE_HOST_SNAPSHOT_H_
