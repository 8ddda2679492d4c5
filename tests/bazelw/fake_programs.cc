#include "tests/bazelw/fake_programs.h"

#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status_macros.h"

namespace gantry::bazelw {
namespace {

namespace fs = std::filesystem;

// The file that records calls.  No program has such a name.
constexpr absl::string_view kCalls = "+calls";

}  // namespace

absl::StatusOr<FakePrograms> FakePrograms::Create() {
  GANTRY_ASSIGN_OR_RETURN(TempDir directory, TempDir::Create());
  FakePrograms programs(std::move(directory));
  GANTRY_RETURN_IF_ERROR(
      WriteFileAtomically(JoinPath(programs.directory_.path(), kCalls), ""));
  return programs;
}

absl::Status FakePrograms::Add(absl::string_view name,
                               absl::string_view script) const {
  const std::string path = JoinPath(directory_.path(), name);
  GANTRY_RETURN_IF_ERROR(WriteFileAtomically(
      path,
      absl::StrCat("#!/bin/sh\necho \"${0##*/} $*\" >>'",
                   JoinPath(directory_.path(), kCalls), "'\n", script, "\n")));
  std::error_code error;
  fs::permissions(path, fs::perms::owner_all, error);
  if (error) {
    return absl::InternalError(absl::StrCat(path, ": ", error.message()));
  }
  return absl::OkStatus();
}

absl::StatusOr<SubprocessResult> FakePrograms::Run(
    const std::vector<std::string>& argv,
    const std::string& first_on_path) const {
  std::string path = absl::StrCat(directory_.path(), ":/usr/bin:/bin");
  if (!first_on_path.empty()) path = absl::StrCat(first_on_path, ":", path);
  SubprocessOptions options;
  // env looks the program up on the PATH that it sets.
  options.argv = {"env", "PATH=" + path};
  options.argv.insert(options.argv.end(), argv.begin(), argv.end());
  return RunSubprocess(options);
}

absl::StatusOr<std::string> FakePrograms::Calls() const {
  return ReadFile(JoinPath(directory_.path(), kCalls));
}

}  // namespace gantry::bazelw
