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

// Reads a tar or ar archive (a .deb is one), plain or compressed with gzip,
// bzip2, xz or zstd, entry by entry.  Not thread-safe.
class ArchiveReader {
 public:
  // NOT_FOUND and others as the system says; INVALID_ARGUMENT: no such archive.
  static absl::StatusOr<std::unique_ptr<ArchiveReader>> Open(
      const std::string& path);

  // The archive that is the content of `outer`'s current entry.  `outer` must
  // outlive it and stay at that entry.
  static absl::StatusOr<std::unique_ptr<ArchiveReader>> OpenEntryOf(
      ArchiveReader& outer);

  // Goes to the next entry; false after the last.  DATA_LOSS: damaged.
  absl::StatusOr<bool> Next();

  // The current entry's path, relative, without "./" or "/" before it.
  const std::string& path() const { return path_; }
  bool is_regular_file() const;

  // Of the whole archive.  Known after the first Next().
  bool is_ar() const;

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

// Path below the target folder for an entry's path; "" leaves the entry out.
using EntryPlacement = std::function<std::string(absl::string_view path)>;

// Writes the entries that `reader` has yet to give, the current one excluded,
// below the folder `directory`, as this process's user: owners, extended
// attributes and set-id bits are dropped, devices, pipes and sockets left out,
// and everything is made accessible to the user.  An entry that would land
// outside of the folder, by "..", through a symlink or by a hard link, is
// INVALID_ARGUMENT.
absl::Status ExtractArchive(ArchiveReader& reader, const std::string& directory,
                            const EntryPlacement& placement);

}  // namespace gantry::archive

#endif  // GANTRY_BUILDER_ARCHIVE_ARCHIVE_READER_H_
