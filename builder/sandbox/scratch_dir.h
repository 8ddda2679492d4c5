#ifndef GANTRY_BUILDER_SANDBOX_SCRATCH_DIR_H_
#define GANTRY_BUILDER_SANDBOX_SCRATCH_DIR_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/temp_dir.h"

namespace gantry::sandbox {

// A fresh folder that is gone, with its content, when this ends.  It lies in
// memory, visible to this process and its children only, where that is possible
// and enough memory is free; else on the parent folder's disk.  In memory
// nothing remains of its content however the process ends.
//
// Why in memory: for half a minute after many files were deleted ext4 creates
// new ones ten to twenty times slower (Linux, fs/ext4/ialloc.c,
// recently_deleted()), and Bazel deletes many.
class ScratchDir {
 public:
  // Below `parent`; in memory if `needed_bytes` of it are free.
  // Precondition: this process has one thread.  An ordinary user's process may
  // end up in a user namespace of its own.
  static absl::StatusOr<ScratchDir> Create(const std::string& parent,
                                           int64_t needed_bytes);

  ScratchDir(ScratchDir&& other) = default;
  ~ScratchDir();

  const std::string& path() const { return directory_.path(); }
  bool is_in_memory() const { return is_in_memory_; }

 private:
  ScratchDir(TempDir directory, bool is_in_memory)
      : directory_(std::move(directory)), is_in_memory_(is_in_memory) {}

  TempDir directory_;
  const bool is_in_memory_;
};

// Bytes that programs may still allocate, from the content of /proc/meminfo
// and of the control group's memory.max and memory.current ("" if there are
// none).  Pure.  0 if unknown.
int64_t AvailableMemory(absl::string_view meminfo, absl::string_view memory_max,
                        absl::string_view memory_current);

}  // namespace gantry::sandbox

#endif  // GANTRY_BUILDER_SANDBOX_SCRATCH_DIR_H_
