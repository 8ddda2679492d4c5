#ifndef GANTRY_TESTS_RULES_NESTED_WORKSPACE_H_
#define GANTRY_TESTS_RULES_NESTED_WORKSPACE_H_

#include <map>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/subprocess.h"
#include "base/temp_dir.h"

namespace gantry::rules {

// A Bazel workspace of its own with this repository's repository rules, so
// that tests see what fetching does, errors too.  Its Bazel server ends with
// it.
class NestedWorkspace {
 public:
  // Copies the rules out of the test's runfiles.
  static absl::StatusOr<NestedWorkspace> Create();

  NestedWorkspace(NestedWorkspace&& other) = default;
  ~NestedWorkspace();

  // Folder for files of the test; the workspace is another.
  std::string PathOf(absl::string_view name) const;

  // Writes a file to PathOf(name).
  absl::Status Write(absl::string_view name, absl::string_view content) const;

  // Appends `rules` to the WORKSPACE file and runs `bazel fetch` on the labels
  // of `pattern`, with `environment` added.  The result has all of its output
  // in `output`.
  absl::StatusOr<SubprocessResult> Fetch(
      absl::string_view rules, absl::string_view pattern,
      const std::map<std::string, std::string>& environment = {}) const;

  // Path of a file of a fetched repository.
  std::string Fetched(absl::string_view repository,
                      absl::string_view file) const;

 private:
  explicit NestedWorkspace(TempDir folder) : folder_(std::move(folder)) {}
  SubprocessOptions Bazel() const;

  TempDir folder_;
};

}  // namespace gantry::rules

#endif  // GANTRY_TESTS_RULES_NESTED_WORKSPACE_H_
