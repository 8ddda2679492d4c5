#ifndef GANTRY_TESTS_BAZELW_FAKE_PROGRAMS_H_
#define GANTRY_TESTS_BAZELW_FAKE_PROGRAMS_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/subprocess.h"
#include "base/temp_dir.h"

namespace gantry::bazelw {

// A directory of fake programs for testing shell scripts.  Each fake records
// its calls.
class FakePrograms {
 public:
  static absl::StatusOr<FakePrograms> Create();

  // Adds a program that records its call and then runs `script` with sh.
  absl::Status Add(absl::string_view name, absl::string_view script) const;

  // Runs `argv` with a PATH of `first_on_path`, unless that is empty, the
  // fakes, and the system's programs.
  absl::StatusOr<SubprocessResult> Run(
      const std::vector<std::string>& argv,
      const std::string& first_on_path = "") const;

  // All calls so far, as lines of "PROGRAM ARGUMENT...\n".
  absl::StatusOr<std::string> Calls() const;

 private:
  explicit FakePrograms(TempDir directory) : directory_(std::move(directory)) {}

  TempDir directory_;
};

}  // namespace gantry::bazelw

#endif  // GANTRY_TESTS_BAZELW_FAKE_PROGRAMS_H_
