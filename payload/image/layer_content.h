#ifndef GANTRY_PAYLOAD_IMAGE_LAYER_CONTENT_H_
#define GANTRY_PAYLOAD_IMAGE_LAYER_CONTENT_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/input_file.h"
#include "base/tar_header.h"

namespace gantry::image {

// An entry of a layer, and where its content is.
struct LayerEntry {
  // The path is relative to the directory that the layer fills.
  TarEntry entry;
  // The content of a regular file: `entry.size` bytes at `offset` of `file`, or
  // `content` if `file` is null.
  std::shared_ptr<const InputFile> file;
  int64_t offset = 0;
  std::string content;
};

// Returns the entries of an uncompressed tar, sorted by path, and adds missing
// directories.  Reads only headers.
//
// The archive is not trusted.  In addition to the errors of IndexTar(),
// INVALID_ARGUMENT: the archive has two entries with the same path, an entry
// below something that is not a directory, or a symbolic link that leads out of
// the tree.
absl::StatusOr<std::vector<LayerEntry>> ReadTarContent(const std::string& path);

// Returns entries for programs, with mode 0755.  `files` maps names to paths.
absl::StatusOr<std::vector<LayerEntry>> ReadProgramContent(
    const std::map<std::string, std::string>& files);

}  // namespace gantry::image

#endif  // GANTRY_PAYLOAD_IMAGE_LAYER_CONTENT_H_
