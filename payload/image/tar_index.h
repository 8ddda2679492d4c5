#ifndef GANTRY_PAYLOAD_IMAGE_TAR_INDEX_H_
#define GANTRY_PAYLOAD_IMAGE_TAR_INDEX_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "base/input_file.h"
#include "base/tar_header.h"

namespace gantry::image {

struct IndexedTarEntry {
  // The path is clean (base/relative_path.h), so it is relative and contains no
  // "..".  The link target is not checked.
  TarEntry entry;
  // Where the content starts in the archive, in bytes.
  int64_t offset = 0;
};

// Lists the entries of an uncompressed tar in the order of the archive, without
// the root directory.  Reads only headers: ustar, pax (path, linkpath, size)
// and GNU's long names.
//
// Other code reads archives with libarchive, which reads sequentially and does
// not report where in the file a content is.  A layer writer needs that: it
// sorts the entries, and then reads each content once, in the new order.
//
// DATA_LOSS: the archive is truncated, or the checksum of a header is wrong.
// INVALID_ARGUMENT: not a tar, an unsafe path, or an entry that is not a
// regular file, a directory or a symbolic link.
// Errors name the archive and the offset of the entry's header.
absl::StatusOr<std::vector<IndexedTarEntry>> IndexTar(const InputFile& archive);

}  // namespace gantry::image

#endif  // GANTRY_PAYLOAD_IMAGE_TAR_INDEX_H_
