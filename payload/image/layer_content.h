#ifndef GANTRY_PAYLOAD_IMAGE_LAYER_CONTENT_H_
#define GANTRY_PAYLOAD_IMAGE_LAYER_CONTENT_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/tar_header.h"
#include "payload/image/input_file.h"

namespace gantry::image {

// An entry of a layer, relative to the folder that the layer fills, and where
// its content is.
struct LayerEntry {
  TarEntry entry;
  // Regular files only: `entry.size` bytes from `offset` on of `file`; without
  // `file`, all of `content`.
  std::shared_ptr<const InputFile> file;
  int64_t offset = 0;
  std::string content;
};

// What is in an uncompressed tar, by path, with the folders that it leaves
// out.  Nothing but headers is read.
//
// The archive is not trusted.  Besides the errors of IndexTar(),
// INVALID_ARGUMENT: an entry is there twice, lies below something that is no
// folder, or is a symlink that leads out of the tree.
absl::StatusOr<std::vector<LayerEntry>> ContentOfTar(const std::string& path);

// Programs: mode 0755.  `files`: name -> path.
absl::StatusOr<std::vector<LayerEntry>> ContentOfPrograms(
    const std::map<std::string, std::string>& files);

}  // namespace gantry::image

#endif  // GANTRY_PAYLOAD_IMAGE_LAYER_CONTENT_H_
