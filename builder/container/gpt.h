#ifndef GANTRY_BUILDER_CONTAINER_GPT_H_
#define GANTRY_BUILDER_CONTAINER_GPT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "builder/container/disk_file.h"

namespace gantry::container {

// A partition in use.  Offset and size lie within the table's usable range,
// but not necessarily within the file: see FindPartition.
struct GptPartition {
  // Counted from 1.
  int number = 0;
  // UTF-8.
  std::string label;
  // Bytes from the start of the disk.
  uint64_t offset = 0;
  uint64_t size = 0;
};

// Reads the partition table of a disk with 512-byte sectors (UEFI
// specification 2.10, section 5.3), from the backup header if the primary one
// is damaged.  Entries are in the table's order.
// INVALID_ARGUMENT: the file has no GPT.  DATA_LOSS: both headers are damaged;
// the message is about the primary one.
absl::StatusOr<std::vector<GptPartition>> ReadGpt(const DiskFile& disk);

// The one partition with this label.
// NOT_FOUND names the labels that there are.  FAILED_PRECONDITION: there are
// several.  DATA_LOSS: the file ends before the partition does.
absl::StatusOr<GptPartition> FindPartition(const DiskFile& disk,
                                           absl::string_view label);

}  // namespace gantry::container

#endif  // GANTRY_BUILDER_CONTAINER_GPT_H_
