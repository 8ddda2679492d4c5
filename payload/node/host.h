#ifndef GANTRY_PAYLOAD_NODE_HOST_H_
#define GANTRY_PAYLOAD_NODE_HOST_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "base/host_identity.h"
#include "payload/node/folder.h"
#include "payload/node/installed.h"
#include "payload/node/layout.h"

namespace gantry::node {

// Room on the file system that a folder lies, or will lie, on.
struct Space {
  dev_t device = 0;
  // The folder asked for, or the nearest one above it that exists.
  std::string path;
  int64_t block_size = 0;
  int64_t free_bytes = 0;
  // nullopt: the file system has no fixed number of inodes.
  absl::optional<int64_t> free_inodes;
};

// What the host has where one target belongs.
struct TargetState {
  enum class Found {
    kNothing,
    // Ours, and what Stage() makes of this target.
    kIntact,
    // Ours, with other content.
    kDifferent,
    // Not installed by us.
    kForeign,
  };
  Found found = Found::kNothing;
  // kDifferent: what differs.  kForeign: why, as ownership.h words it.
  std::string difference;
  // kDifferent: OK, or why CheckNothingMounted() refuses to have it removed.
  absl::Status removable;
  // Where `current` leads; nullopt: there is none.
  absl::optional<std::string> current;
  // Why `current` was not made by us, as ownership.h words it; empty: it was,
  // or there is none.
  std::string current_conflict;
  Space space;
};

// All that a plan depends on.
struct HostSnapshot {
  HostIdentity identity;
  // For each target of the layout, in its order.
  std::vector<TargetState> targets;
  // ld.so.conf.d has our file, with our content.
  bool ld_conf_is_current = false;
  // As TargetState::current_conflict, of that file.
  std::string ld_conf_conflict;
  bool has_ldconfig = false;
  // ldconfig's cache is older than a link or the configuration that it depends
  // on: a run was stopped before it came to ldconfig.
  bool ld_cache_is_stale = false;
};

// Reads the snapshot; changes nothing.
absl::StatusOr<HostSnapshot> ReadHost(const Folder& rootfs,
                                      const HostIdentity& identity,
                                      const std::vector<InstallTarget>& targets,
                                      CheckDepth depth);

}  // namespace gantry::node

#endif  // GANTRY_PAYLOAD_NODE_HOST_H_
