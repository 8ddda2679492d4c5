#ifndef GANTRY_PAYLOAD_NODE_HOST_H_
#define GANTRY_PAYLOAD_NODE_HOST_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

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
  enum class Found { kNothing, kIntact, kDifferent };
  Found found = Found::kNothing;
  // kDifferent: what differs.
  std::string difference;
  // Where `current` leads; nullopt: there is none.
  absl::optional<std::string> current;
  // Something that is not a link is in the place of `current`.
  bool current_blocked = false;
  Space space;
};

// All that a plan depends on.
struct HostSnapshot {
  HostIdentity identity;
  // For each target of the layout, in its order.
  std::vector<TargetState> targets;
  // ld.so.conf.d has our file, with our content.
  bool ld_conf_is_current = false;
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

// Our file in ld.so.conf.d (ldconfig(8)), relative to the host's root.
inline constexpr char kLdConfFolder[] = "etc/ld.so.conf.d";
inline constexpr char kLdConfName[] = "gantry.conf";
inline constexpr char kLdConfContent[] =
    "# Written by Gantry's installer.\n"
    "/opt/nvidia/current/lib64\n"
    "/opt/cuda/current/lib64\n";

// Name of the link beside the installed versions.
inline constexpr char kCurrent[] = "current";

}  // namespace gantry::node

#endif  // GANTRY_PAYLOAD_NODE_HOST_H_
