#include "release/plan/batch_lock.h"

#include <filesystem>
#include <system_error>

#include "base/status.h"
#include "base/status_macros.h"
#include "release/plan/lock_format.h"

namespace gantry::plan {

namespace fs = std::filesystem;

absl::StatusOr<std::string> WriteBatchLock(const matrix::v1::Lock& batch,
                                           const StateDir& state) {
  const std::string directory = state.batch_locks_path();
  GANTRY_ASSIGN_OR_RETURN(const std::string path,
                          WriteLockByContent(batch, directory));
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    if (entry.path() != path) fs::remove(entry.path(), error);
  }
  const fs::path canonical = fs::canonical(path, error);
  if (error) return ErrnoStatus(error.value(), path);
  return canonical.string();
}

}  // namespace gantry::plan
