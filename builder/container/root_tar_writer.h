#ifndef GANTRY_BUILDER_CONTAINER_ROOT_TAR_WRITER_H_
#define GANTRY_BUILDER_CONTAINER_ROOT_TAR_WRITER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "builder/container/ext4_reader.h"

struct archive;
struct archive_entry;

namespace gantry::container {

// Writes the entries of a file system as an uncompressed tar in POSIX's pax
// format.  The bytes depend only on the entries and their order.
//
// Unlike TarWriter in base, which writes only paths, modes and content, it
// keeps everything that Ext4Entry has: owners, times in nanoseconds, hard
// links, devices, sparse files (GNU tar's format 1.0; its manual, "Storing
// Sparse Files") and extended attributes (SCHILY.xattr).  libarchive encodes
// them. Names are relative ("usr/bin/gcc") and need not be UTF-8.
class RootTarWriter {
 public:
  // Writes to `fd`, which must outlive the result.  `name` identifies the file
  // in errors.
  static absl::StatusOr<RootTarWriter> Create(int fd, std::string name);

  RootTarWriter(RootTarWriter&&) = default;

  // Adds an entry, whose content `reader` reads.  Further links to a file
  // become hard links to the first.  Sockets, for which tar has no type, are
  // left out: they are useless without the process that bound them.
  absl::Status Add(const Ext4Entry& entry, Ext4Reader& reader);

  // Ends the archive.  Call once, last; otherwise the archive may be
  // incomplete.
  absl::Status Finish();

 private:
  struct Free {
    void operator()(archive* writer) const;
  };

  RootTarWriter(archive* writer, std::string name)
      : writer_(writer), name_(std::move(name)) {}

  absl::Status Error() const;
  absl::Status WriteHeader(archive_entry* entry);
  absl::Status WriteContent(const Ext4Entry& entry, Ext4Reader& reader);
  absl::Status WriteZeros(uint64_t count);
  absl::Status Write(absl::string_view data);

  std::unique_ptr<archive, Free> writer_;
  std::string name_;
  // Names of files with several links, by inode.
  absl::flat_hash_map<uint32_t, std::string> linked_;
};

}  // namespace gantry::container

#endif  // GANTRY_BUILDER_CONTAINER_ROOT_TAR_WRITER_H_
