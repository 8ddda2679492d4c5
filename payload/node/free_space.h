#ifndef GANTRY_PAYLOAD_NODE_FREE_SPACE_H_
#define GANTRY_PAYLOAD_NODE_FREE_SPACE_H_

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "payload/node/directory.h"

namespace gantry::node {

// What is free on the file system that a directory is, or will be, on.
struct FreeSpace {
  dev_t device = 0;
  // The directory, or its nearest ancestor that exists.
  std::string path;
  int64_t block_size = 0;
  // Without the blocks that are reserved for root, which hosts need to stay up.
  int64_t bytes = 0;
  // nullopt: the file system has no fixed number of inodes.
  absl::optional<int64_t> inodes;
};

// `path` is relative to `rootfs` and need not exist.
absl::StatusOr<FreeSpace> ReadFreeSpace(const Directory& rootfs,
                                        std::string path);

}  // namespace gantry::node

#endif  // GANTRY_PAYLOAD_NODE_FREE_SPACE_H_
