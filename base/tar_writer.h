#ifndef GANTRY_BASE_TAR_WRITER_H_
#define GANTRY_BASE_TAR_WRITER_H_

#include <functional>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "base/tar_header.h"

namespace gantry {

// Writes a reproducible tar, whose entries have only what TarEntry holds: equal
// entries in equal order give equal bytes.
//
// RootTarWriter of builder/container writes the other kind, a file system with
// its owners, times, extended attributes, hard links, devices and holes.
//
//   TarWriter tar([&](absl::string_view data) { return file.Append(data); });
//   GANTRY_RETURN_IF_ERROR(tar.AddFile(entry, content));
//   GANTRY_RETURN_IF_ERROR(tar.Finish());
//
// After an error the archive is incomplete and no more entries may be added.
class TarWriter {
 public:
  // Receives the archive's bytes, in order.
  using Sink = std::function<absl::Status(absl::string_view data)>;

  explicit TarWriter(Sink sink) : sink_(std::move(sink)) {}

  // Adds a directory or a symbolic link.
  absl::Status Add(const TarEntry& entry);

  // Adds a regular file; sets `entry.size`.
  absl::Status AddFile(TarEntry entry, absl::string_view content);

  // Adds a regular file.  `write_content` must write exactly `entry.size` bytes
  // to the sink's destination.
  absl::Status AddFile(const TarEntry& entry,
                       absl::FunctionRef<absl::Status()> write_content);

  // Ends the archive.  Call once, last.
  absl::Status Finish();

 private:
  const Sink sink_;
};

}  // namespace gantry

#endif  // GANTRY_BASE_TAR_WRITER_H_
