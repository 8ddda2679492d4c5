#ifndef GANTRY_PAYLOAD_NODE_LAYOUT_H_
#define GANTRY_PAYLOAD_NODE_LAYOUT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/payload.pb.h"

namespace gantry::node {

// One entry of an installed folder.
struct InstallEntry {
  // Relative to the folder.
  std::string path;
  payload::v1::FileType type = payload::v1::FILE_TYPE_UNSPECIFIED;
  uint32_t mode = 0;
  // Regular files: bytes, "sha256:<hex>", and where the image has the content
  // (relative to the image's root).
  int64_t size = 0;
  std::string digest;
  std::string source;
  // Symbolic links only.
  std::string link_target;
};

// One folder to install, and `current` beside it that shall lead there.
struct InstallTarget {
  // "nvidia" or "cuda".
  std::string name;
  // Relative to the host's root: "opt/cuda".
  std::string base;
  // Relative to `base`, which is what `current` says: "12.4",
  // "535.261.03/flatcar-4230.2.0".
  std::string folder;
  // By path, so that folders come before what is in them.
  std::vector<InstallEntry> entries;
  // "sha256:<hex>" over all entries: two targets of one digest hold the same
  // files.  The receipt of an installed folder says it.
  std::string digest;

  int64_t Bytes() const;
  int64_t Files() const;
};

// Where a payload's files belong on a host, in the order of switching: the
// driver (/opt/nvidia) and then CUDA (/opt/cuda), each as far as the payload
// has it.
//
// The manifest is not trusted.  INVALID_ARGUMENT, naming the component and the
// path, unless every path is relative and normal, lies in folders that are
// listed before it, exists once, and every link's target, with other links
// followed, stays inside the installed folder.
absl::StatusOr<std::vector<InstallTarget>> MakeLayout(
    const payload::v1::PayloadManifest& manifest);

}  // namespace gantry::node

#endif  // GANTRY_PAYLOAD_NODE_LAYOUT_H_
