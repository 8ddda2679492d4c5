#ifndef GANTRY_BUILDER_ARCHIVE_ARCHIVE_READER_H_
#define GANTRY_BUILDER_ARCHIVE_ARCHIVE_READER_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

struct archive;
struct archive_entry;

namespace gantry::archive {

// Reads a tar or ar archive (such as a .deb), plain or compressed with gzip,
// bzip2, xz or zstd, entry by entry.  The content is not trusted.  Not
// thread-safe.
class ArchiveReader {
 public:
  // System errors have the code that corresponds to errno (NOT_FOUND, ...).
  // INVALID_ARGUMENT: not an archive of these formats.
  static absl::StatusOr<std::unique_ptr<ArchiveReader>> Open(
      const std::string& path);

  // Opens the content of `outer`'s current entry as an archive.  `outer` must
  // outlive the result and stay at that entry.
  static absl::StatusOr<std::unique_ptr<ArchiveReader>> OpenEntryOf(
      ArchiveReader& outer);

  // Advances to the next entry; false after the last.  DATA_LOSS: the archive
  // is damaged.
  absl::StatusOr<bool> Next();

  // The current entry's path: relative, without a leading "./" or "/".
  const std::string& path() const { return path_; }
  bool is_regular_file() const;

  // Whether this is an ar archive.  Valid after the first Next().
  bool is_ar() const;

  // The archive and the current entry, for libarchive's functions.

  struct archive* handle() {
    return archive_.get();
  }
  struct archive_entry* entry() {
    return entry_;
  }

 private:
  struct Free {
    void operator()(struct archive* archive) const;
  };

  explicit ArchiveReader(std::string name);
  absl::Status Error(absl::StatusCode code) const;

  const std::string name_;
  const std::unique_ptr<struct archive, Free> archive_;
  struct archive_entry* entry_ = nullptr;
  std::string path_;
  std::vector<char> buffer_;
};

// Maps the path of an entry to a path below the target directory; "" leaves the
// entry out.
using PathMapping = std::function<std::string(absl::string_view path)>;

// Writes the remaining entries of `reader`, excluding the current one, to
// `directory` as this process's user: owners, extended attributes and set-id
// bits are dropped, devices, pipes and sockets are left out, and the user gets
// access to all files.
//
// INVALID_ARGUMENT: an entry would be written outside `directory` because of
// "..", a symbolic link or a hard link.  FAILED_PRECONDITION: an entry is a
// hard link to one that was left out.  DATA_LOSS: the archive is damaged.
absl::Status ExtractArchive(ArchiveReader& reader, const std::string& directory,
                            const PathMapping& mapping);

}  // namespace gantry::archive

#endif  // GANTRY_BUILDER_ARCHIVE_ARCHIVE_READER_H_
