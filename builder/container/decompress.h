#ifndef GANTRY_BUILDER_CONTAINER_DECOMPRESS_H_
#define GANTRY_BUILDER_CONTAINER_DECOMPRESS_H_

#include <string>

#include "absl/status/statusor.h"
#include "builder/container/disk_file.h"

namespace gantry::container {

// Opens a disk image that may be compressed with bzip2, gzip, xz or zstd; its
// first bytes tell, not its name.
//
// A compressed image is unpacked first, into a sparse file in `directory`
// (empty: $TMPDIR, else /tmp) that has no name: it is gone when the result is,
// or when this process is, however it ends.  Errors name `path` all the same.
//
// DATA_LOSS: what is compressed is damaged or ends too early.
// RESOURCE_EXHAUSTED: no space, or more than kMaxImageSize.
absl::StatusOr<DiskFile> OpenImage(const std::string& path,
                                   const std::string& directory);

// A file that is said to unpack to more is not a developer container (the
// largest have 6 GiB).
inline constexpr uint64_t kMaxImageSize = uint64_t{64} << 30;

}  // namespace gantry::container

#endif  // GANTRY_BUILDER_CONTAINER_DECOMPRESS_H_
