#ifndef GANTRY_BUILDER_CONTAINER_GPT_H_
#define GANTRY_BUILDER_CONTAINER_GPT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/input_file.h"

namespace gantry::container {

// A used entry of a partition table.  Offset and size are within the table's
// usable range, but not necessarily within the file: see FindPartition().
struct GptPartition {
  // Counted from 1.
  int number = 0;
  // UTF-8.
  std::string label;
  // Bytes from the start of the disk.
  uint64_t offset = 0;
  uint64_t size = 0;
};

// Reads the partition table of a disk with 512-byte sectors (UEFI specification
// 2.10, section 5.3), or its backup if the primary one is damaged.  Entries are
// in the order of the table.
// INVALID_ARGUMENT: the file has no GPT.  DATA_LOSS: both tables are damaged;
// the message describes the primary one.
absl::StatusOr<std::vector<GptPartition>> ReadGpt(const InputFile& disk);

// Returns the partition with this label.
// NOT_FOUND, with the labels found: no such partition.  FAILED_PRECONDITION: it
// is not the only one.  DATA_LOSS: the file ends before the partition.
absl::StatusOr<GptPartition> FindPartition(const InputFile& disk,
                                           absl::string_view label);

}  // namespace gantry::container

#endif  // GANTRY_BUILDER_CONTAINER_GPT_H_
