#ifndef GANTRY_BASE_FD_IO_H_
#define GANTRY_BASE_FD_IO_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace gantry {

// Complete transfers through a file descriptor.  read(2) and write(2) may be
// interrupted or transfer less than requested; these functions continue until
// all bytes are transferred.  `name` identifies the file in errors.

// Writes at the descriptor's position.  RESOURCE_EXHAUSTED: the disk is full.
absl::Status WriteAll(int fd, absl::string_view data, absl::string_view name);

// Writes at `offset`; the descriptor's position does not change.
absl::Status WriteAllAt(int fd, uint64_t offset, absl::string_view data,
                        absl::string_view name);

// Reads from the descriptor's position to the end of the file.
absl::StatusOr<std::string> ReadAll(int fd, absl::string_view name);

// As ReadAll, but passes the content to `sink` in pieces of at most 1 MiB.
// Stops at the first error, which may be the sink's.
absl::Status ReadPieces(
    int fd, absl::string_view name,
    absl::FunctionRef<absl::Status(absl::string_view)> sink);

// Fills `buffer` with the `size` bytes at `offset`; the descriptor's position
// does not change.  DATA_LOSS, with the offset: the file ends before them.
absl::Status ReadAllAt(int fd, uint64_t offset, void* buffer, size_t size,
                       absl::string_view name);

}  // namespace gantry

#endif  // GANTRY_BASE_FD_IO_H_
