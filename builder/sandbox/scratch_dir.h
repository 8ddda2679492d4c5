#ifndef GANTRY_BUILDER_SANDBOX_SCRATCH_DIR_H_
#define GANTRY_BUILDER_SANDBOX_SCRATCH_DIR_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/temp_dir.h"

namespace gantry::sandbox {

// A new directory.  The destructor removes it and its content.
//
// If that is permitted and enough memory is free, it is in memory (tmpfs) and
// visible only to this process and its children; nothing is left of it even if
// the process is killed.  Otherwise it is on the disk of the parent directory.
//
// Memory is preferred because ext4 creates files ten to twenty times more
// slowly for half a minute after many were deleted (Linux, fs/ext4/ialloc.c,
// recently_deleted()), and Bazel deletes many.
class ScratchDir {
 public:
  // Creates it below `parent`, in memory if `needed_bytes` are free there.
  // Precondition: this process has one thread.  The process of a user other
  // than root may be moved to a new user namespace.
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

// The bytes that programs may still allocate, from the content of /proc/meminfo
// and of the control group's memory.max and memory.current ("" if they do not
// exist).  0 if unknown.  Pure.
int64_t AvailableMemory(absl::string_view meminfo, absl::string_view memory_max,
                        absl::string_view memory_current);

}  // namespace gantry::sandbox

#endif  // GANTRY_BUILDER_SANDBOX_SCRATCH_DIR_H_
