#include "tests/rules/nested_workspace.h"

#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/file.h"
#include "base/status_macros.h"

namespace gantry::rules {
namespace {

constexpr absl::string_view kWorkspace = "workspace(name = \"gantry\")\n";

// The packages with rules.
constexpr const char* kPackages[] = {"builder", "builder/private", "payload",
                                     "payload/private", "release/cells"};
constexpr absl::string_view kBuildFile =
    "exports_files(glob([\"*\"], exclude_directories = 1))\n";

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

absl::StatusOr<NestedWorkspace> NestedWorkspace::Create() {
  GANTRY_ASSIGN_OR_RETURN(TempDir directory,
                          TempDir::Create(Environment("TEST_TMPDIR")));
  NestedWorkspace workspace(std::move(directory));
  const std::string runfiles =
      JoinPath(Environment("TEST_SRCDIR"), Environment("TEST_WORKSPACE"));
  for (absl::string_view package : kPackages) {
    const std::string target = workspace.PathOf(absl::StrCat("ws/", package));
    GANTRY_RETURN_IF_ERROR(CreateDirectories(target));
    GANTRY_RETURN_IF_ERROR(
        RunCommand({"cp", "--recursive", "--dereference",
                    "--no-preserve=ownership",
                    absl::StrCat(runfiles, "/", package, "/."), target})
            .status());
  }
  for (absl::string_view package : kPackages) {
    GANTRY_RETURN_IF_ERROR(workspace.Write(
        absl::StrCat("ws/", package, "/BUILD.bazel"), kBuildFile));
  }
  return workspace;
}

NestedWorkspace::~NestedWorkspace() {
  if (directory_.path().empty()) return;
  SubprocessOptions options = Bazel();
  options.argv.push_back("shutdown");
  RunSubprocess(options).IgnoreError();
}

std::string NestedWorkspace::PathOf(absl::string_view name) const {
  return JoinPath(directory_.path(), name);
}

absl::Status NestedWorkspace::Write(absl::string_view name,
                                    absl::string_view content) const {
  return WriteFileAtomically(PathOf(name), content);
}

SubprocessOptions NestedWorkspace::Bazel() const {
  SubprocessOptions options;
  options.argv = {"bazel", absl::StrCat("--output_user_root=", PathOf("root")),
                  absl::StrCat("--output_base=", PathOf("base")), "--nohome_rc",
                  "--max_idle_secs=60"};
  options.environment = {{"HOME", directory_.path()},
                         {"PATH", "/usr/bin:/bin"},
                         {"USER", "nobody"}};
  options.working_directory = PathOf("ws");
  options.merge_stderr = true;
  options.timeout = absl::Minutes(10);
  return options;
}

absl::StatusOr<SubprocessResult> NestedWorkspace::Run(
    absl::string_view rules, const std::vector<std::string>& arguments,
    const std::map<std::string, std::string>& environment) const {
  GANTRY_RETURN_IF_ERROR(
      Write("ws/WORKSPACE", absl::StrCat(kWorkspace, rules)));
  SubprocessOptions options = Bazel();
  options.environment->insert(environment.begin(), environment.end());
  options.argv.insert(options.argv.end(), arguments.begin(), arguments.end());
  return RunSubprocess(options);
}

absl::StatusOr<SubprocessResult> NestedWorkspace::Fetch(
    absl::string_view rules, absl::string_view pattern,
    const std::map<std::string, std::string>& environment) const {
  return Run(rules, {"fetch", std::string(pattern)}, environment);
}

std::string NestedWorkspace::Fetched(absl::string_view repository,
                                     absl::string_view file) const {
  return PathOf(absl::StrCat("base/external/", repository, "/", file));
}

}  // namespace gantry::rules
