#ifndef GANTRY_BASE_TAR_HEADER_H_
#define GANTRY_BASE_TAR_HEADER_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace gantry {

enum class TarEntryType { kRegular, kDirectory, kSymlink };

// An entry of a reproducible tar.  All other metadata is fixed: user and group
// are 0 without names, the modification time is the epoch.
struct TarEntry {
  // Relative, without a trailing slash.
  std::string path;
  TarEntryType type = TarEntryType::kRegular;
  // Permission bits, at most 07777.
  uint32_t mode = 0;
  // Bytes of content; regular files only.
  int64_t size = 0;
  // Symbolic links only.
  std::string link_target;
};

// The bytes before the content: a ustar header (POSIX.1-1988), preceded by a
// pax extended header (POSIX.1-2001, "pax Interchange Format") if a path, a
// link target or a size does not fit into it.  Equal entries give equal bytes.
std::string TarHeader(const TarEntry& entry);

// The zero bytes after a content of `size` bytes.
absl::string_view TarPadding(int64_t size);

// The two zero blocks that end an archive.
absl::string_view TarEnd();

}  // namespace gantry

#endif  // GANTRY_BASE_TAR_HEADER_H_
