#ifndef GANTRY_BUILDER_CONTAINER_TAR_WRITER_H_
#define GANTRY_BUILDER_CONTAINER_TAR_WRITER_H_

#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "builder/container/ext4_reader.h"

struct archive;
struct archive_entry;

namespace gantry::container {

// Writes the entries of a file system as an uncompressed tar in POSIX's pax
// format, which keeps all that Ext4Entry has: sparse files as GNU tar's format
// 1.0 (its manual, "Storing Sparse Files"), extended attributes
// as SCHILY.xattr, times in nanoseconds.  Names are relative ("usr/bin/gcc")
// and need not be UTF-8.  The bytes depend on the entries and their order only.
class TarWriter {
 public:
  // Writes to `fd`, which must stay open as long as this.  `name` is what
  // errors call the file.
  static absl::StatusOr<TarWriter> Create(int fd, std::string name);

  TarWriter(TarWriter&&) = default;

  // Adds an entry, its content read with `reader`.  The second and further
  // links to a file become hard links to the first.  Sockets are left out: tar
  // has no such type, and they mean nothing without the process that bound
  // them.
  absl::Status Add(const Ext4Entry& entry, Ext4Reader& reader);

  // Ends the archive.  Call once, last; without it the file may be complete or
  // not, and errors go unseen.
  absl::Status Finish();

 private:
  struct Free {
    void operator()(archive* writer) const;
  };

  TarWriter(archive* writer, std::string name)
      : writer_(writer), name_(std::move(name)) {}

  absl::Status Error() const;
  absl::Status WriteHeader(archive_entry* entry);
  absl::Status WriteContent(const Ext4Entry& entry, Ext4Reader& reader);
  absl::Status WriteZeros(uint64_t count);
  absl::Status Write(absl::string_view data);

  std::unique_ptr<archive, Free> writer_;
  std::string name_;
  // Names of the files with several links, by inode.
  absl::flat_hash_map<uint32_t, std::string> linked_;
};

}  // namespace gantry::container

#endif  // GANTRY_BUILDER_CONTAINER_TAR_WRITER_H_
