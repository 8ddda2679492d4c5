#ifndef GANTRY_PAYLOAD_IMAGE_TAR_INDEX_H_
#define GANTRY_PAYLOAD_IMAGE_TAR_INDEX_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "base/tar_header.h"
#include "payload/image/input_file.h"

namespace gantry::image {

struct IndexedTarEntry {
  // Its path is clean (base/relative_path.h), and so never absolute or with
  // "..".  Its link target is as the archive has it.
  TarEntry entry;
  // Of its content in the archive.
  int64_t offset = 0;
};

// What an uncompressed tar holds, in its own order, without the root folder.
// Only headers are read.  Understands ustar, pax (path, linkpath, size) and
// GNU's long names.
//
// DATA_LOSS: truncated, or a header's checksum is wrong.
// INVALID_ARGUMENT: an unsafe path, an entry that is neither a regular file
// nor a folder nor a symlink, or no tar at all.
// Errors name the archive and the byte at which the entry's header starts.
absl::StatusOr<std::vector<IndexedTarEntry>> IndexTar(const InputFile& archive);

}  // namespace gantry::image

#endif  // GANTRY_PAYLOAD_IMAGE_TAR_INDEX_H_
