#ifndef GANTRY_BUILDER_CONTAINER_STAGED_OUTPUTS_H_
#define GANTRY_BUILDER_CONTAINER_STAGED_OUTPUTS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace gantry::container {

// Files that appear together, when all of them are complete, or not at all.
// They are written under temporary names in their own folders.  This is about
// failures of this process; nothing is synced.
class StagedOutputs {
 public:
  StagedOutputs() = default;
  StagedOutputs(const StagedOutputs&) = delete;
  StagedOutputs& operator=(const StagedOutputs&) = delete;
  // Removes what was not committed.
  ~StagedOutputs();

  // A descriptor, owned by the caller, of what will be `path`.
  absl::StatusOr<int> Create(const std::string& path);

  // Adds a file with this content.
  absl::Status Write(const std::string& path, absl::string_view content);

  // Gives all files their names and permissions 0644; those that there are
  // under these names are replaced.  If one fails, those before it are removed
  // again.
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
