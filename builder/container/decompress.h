#ifndef GANTRY_BUILDER_CONTAINER_DECOMPRESS_H_
#define GANTRY_BUILDER_CONTAINER_DECOMPRESS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "base/input_file.h"

namespace gantry::container {

// Opens a disk image that may be compressed with bzip2, gzip, xz or zstd, which
// its first bytes decide.
//
// A compressed image is unpacked into a sparse unnamed file (see
// CreateUnnamedFile()) in `directory`.  Errors name `path` in any case.
//
// DATA_LOSS: the compressed data is damaged or truncated.
// RESOURCE_EXHAUSTED: the disk is full, or the image is larger than
// kMaxImageSize.
absl::StatusOr<InputFile> OpenImage(const std::string& path,
                                    const std::string& directory);

// Limit of an unpacked image, in bytes.  The largest developer containers have
// 6 GiB.
inline constexpr uint64_t kMaxImageSize = uint64_t{64} << 30;

}  // namespace gantry::container

#endif  // GANTRY_BUILDER_CONTAINER_DECOMPRESS_H_
