#ifndef GANTRY_PAYLOAD_NODE_INSTALL_TARGET_H_
#define GANTRY_PAYLOAD_NODE_INSTALL_TARGET_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/payload_manifest.pb.h"

namespace gantry::node {

// An entry of an installed directory.
struct InstallEntry {
  // Relative to the directory.
  std::string path;
  payload::v1::FileType type = payload::v1::FILE_TYPE_UNSPECIFIED;
  uint32_t mode = 0;
  // Regular files: the size in bytes, "sha256:<hex>", and the path of the
  // content in the image, relative to its root.
  int64_t size = 0;
  std::string digest;
  std::string source;
  // Symbolic links only.
  std::string link_target;
};

// A directory to install, and the link `current` beside it that is to lead to
// it.
struct InstallTarget {
  // "nvidia" or "cuda".
  std::string name;
  // Relative to the host's root: "opt/cuda".
  std::string base;
  // Relative to `base`, and the target of `current`: "12.4",
  // "535.261.03/flatcar-4230.2.0".
  std::string directory;
  // Sorted by path, so that a directory precedes its entries.
  std::vector<InstallEntry> entries;
  // "sha256:<hex>" of all entries: targets with equal digests have the same
  // files.  An installed directory has it in its receipt.
  std::string digest;

  // Sums over the regular files.
  int64_t ByteCount() const;
  int64_t FileCount() const;
};

// Computes where the files of a payload belong on a host: the driver with its
// modules (/opt/nvidia), and then CUDA (/opt/cuda).  A part that the payload
// does not contain has no target.
//
// The manifest is not trusted.  INVALID_ARGUMENT, naming the component and the
// path, unless all paths are relative and normalized, occur once, and follow
// the directory that contains them, and all links, if followed, stay inside the
// installed directory.
absl::StatusOr<std::vector<InstallTarget>> MakeLayout(
    const payload::v1::PayloadManifest& manifest);

}  // namespace gantry::node

#endif  // GANTRY_PAYLOAD_NODE_INSTALL_TARGET_H_
