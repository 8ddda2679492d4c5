#ifndef GANTRY_TESTS_RULES_NESTED_WORKSPACE_H_
#define GANTRY_TESTS_RULES_NESTED_WORKSPACE_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/subprocess.h"
#include "base/temp_dir.h"

namespace gantry::rules {

// A separate Bazel workspace with this repository's rules, but without the
// programs that they run, in which tests fetch repositories and see errors. Its
// Bazel server is shut down when this object is destroyed.
class NestedWorkspace {
 public:
  // Copies the rules from the test's runfiles.
  static absl::StatusOr<NestedWorkspace> Create();

  NestedWorkspace(NestedWorkspace&& other) = default;
  ~NestedWorkspace();

  // A path in a directory for the test's files, outside the workspace.
  std::string PathOf(absl::string_view name) const;

  // Writes a file to PathOf(name).
  absl::Status Write(absl::string_view name, absl::string_view content) const;

  // Writes a WORKSPACE file with `rules`, and runs Bazel with these arguments
  // and `environment` added.  All output of Bazel is in
  // SubprocessResult::output.
  absl::StatusOr<SubprocessResult> Run(
      absl::string_view rules, const std::vector<std::string>& arguments,
      const std::map<std::string, std::string>& environment = {}) const;

  // The same for `bazel fetch` on the labels of `pattern`.
  absl::StatusOr<SubprocessResult> Fetch(
      absl::string_view rules, absl::string_view pattern,
      const std::map<std::string, std::string>& environment = {}) const;

  // Path of a file of a fetched repository.
  std::string Fetched(absl::string_view repository,
                      absl::string_view file) const;

 private:
  explicit NestedWorkspace(TempDir directory)
      : directory_(std::move(directory)) {}
  SubprocessOptions Bazel() const;

  TempDir directory_;
};

}  // namespace gantry::rules

#endif  // GANTRY_TESTS_RULES_NESTED_WORKSPACE_H_
