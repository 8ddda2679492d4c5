#include "tests/e2e/matrix_runner.h"

#include <cstdlib>
#include <filesystem>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/file.h"
#include "base/json.h"
#include "base/status_macros.h"

namespace gantry::e2e {
namespace {

namespace fs = std::filesystem;

// The source tree, to which the runfile WORKSPACE is a link.
std::string Workspace() { return fs::canonical("WORKSPACE").parent_path(); }

// A clean environment with a separate home directory.
std::map<std::string, std::string> Environment(const std::string& home) {
  return {{"HOME", home},
          {"USER", "nobody"},
          {"LC_ALL", "C.UTF-8"},
          {"PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"}};
}

// Runs a program that prints a report.
template <typename Result>
absl::StatusOr<Result> RunProgram(SubprocessOptions program) {
  program.argv.push_back("--json");
  GANTRY_ASSIGN_OR_RETURN(const SubprocessResult output,
                          RunSubprocess(program));
  Result result;
  result.exit_code = output.exit_code;
  result.progress = output.error_output;
  if (!output.output.empty()) {
    GANTRY_RETURN_IF_ERROR(
        ParseJson(output.output, program.argv[0], result.report));
  }
  return result;
}

}  // namespace

MatrixRunner::MatrixRunner(std::string directory, std::string disk_cache)
    : directory_(std::move(directory)), workspace_(Workspace()) {
  fs::create_directories(directory_);
  // Keep the convenience links of the user's build.
  AddBazelOption("--symlink_prefix=/");
  if (!disk_cache.empty()) {
    AddBazelOption(absl::StrCat("--disk_cache=", disk_cache));
  }
}

MatrixRunner::~MatrixRunner() {
  SubprocessOptions shutdown;
  shutdown.argv = Bazel();
  shutdown.argv.push_back("shutdown");
  shutdown.working_directory = workspace_;
  shutdown.environment = Environment(directory_);
  (void)RunSubprocess(shutdown);
}

void MatrixRunner::AddBazelOption(std::string option) {
  bazel_options_.push_back(std::move(option));
}

std::vector<std::string> MatrixRunner::Bazel() const {
  return {JoinPath(workspace_, "bazelw"),
          absl::StrCat("--output_user_root=", directory_),
          "--max_idle_secs=60"};
}

SubprocessOptions MatrixRunner::Program(
    const std::string& name, const std::vector<std::string>& arguments) const {
  const std::vector<std::string> bazel = Bazel();
  SubprocessOptions program;
  program.argv = {
      fs::absolute(JoinPath("release/job", name)),
      absl::StrCat("--bazel_options=", absl::StrJoin(bazel_options_, ","))};
  program.argv.insert(program.argv.end(), arguments.begin(), arguments.end());
  program.environment = Environment(directory_);
  (*program.environment)["BUILD_WORKSPACE_DIRECTORY"] = workspace_;
  (*program.environment)["GANTRY_BAZEL"] = bazel[0];
  (*program.environment)["GANTRY_BAZEL_STARTUP_OPTIONS"] =
      absl::StrJoin(bazel.begin() + 1, bazel.end(), "\n");
  return program;
}

absl::StatusOr<BackgroundProcess> MatrixRunner::StartWorker(
    const std::vector<std::string>& arguments, const std::string& log) {
  SubprocessOptions worker = Program("worker_main", arguments);
  worker.error_log = log;
  return BackgroundProcess::Start(worker);
}

absl::StatusOr<MatrixRunner::Result> MatrixRunner::Run(
    const std::vector<std::string>& arguments) {
  return RunProgram<Result>(Program("matrix", arguments));
}

absl::StatusOr<MatrixRunner::RebuildResult> MatrixRunner::Rebuild(
    const std::vector<std::string>& arguments) {
  return RunProgram<RebuildResult>(Program("rebuild", arguments));
}

}  // namespace gantry::e2e
