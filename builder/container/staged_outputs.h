#ifndef GANTRY_BUILDER_CONTAINER_STAGED_OUTPUTS_H_
#define GANTRY_BUILDER_CONTAINER_STAGED_OUTPUTS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/unique_fd.h"

namespace gantry::container {

// Files that appear together once all of them are complete, or not at all.
// They are written under temporary names in the same directories.  This covers
// failures of the process, not of the machine: nothing is synced.
// Not thread-safe.
class StagedOutputs {
 public:
  StagedOutputs() = default;
  StagedOutputs(const StagedOutputs&) = delete;
  StagedOutputs& operator=(const StagedOutputs&) = delete;
  // Removes the files unless they were committed.
  ~StagedOutputs();

  // Creates the file that Commit() will rename to `path`.
  absl::StatusOr<UniqueFd> Create(const std::string& path);

  // Adds a file with this content.
  absl::Status Write(const std::string& path, absl::string_view content);

  // Sets the permissions of all files to 0644 and renames them, replacing
  // existing files.  If one fails, those already renamed are removed.
  absl::Status Commit();

 private:
  struct File {
    std::string temporary;
    std::string path;
  };
  std::vector<File> files_;
};

}  // namespace gantry::container

#endif  // GANTRY_BUILDER_CONTAINER_STAGED_OUTPUTS_H_
