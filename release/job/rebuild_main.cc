#include <cstdint>
#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/file_lock.h"
#include "base/json.h"
#include "base/program.h"
#include "base/progress.h"
#include "base/state_dir.h"
#include "base/status_macros.h"
#include "base/user_path.h"
#include "base/version.h"
#include "proto/rebuild_report.pb.h"
#include "release/job/bazel_build.h"
#include "release/job/build_cells.h"
#include "release/job/rebuild.h"
#include "release/publish/input_store.h"
#include "release/service/connection/connection.h"
#include "release/service/connection/credential_flags.h"

ABSL_FLAG(int32_t, revision, 0, "number of the revision; 0: the newest one");
ABSL_FLAG(std::string, service, "",
          "HOST:PORT of the release service; empty: an in-process service that "
          "reads the state directory's database");
ABSL_FLAG(std::string, inputs, "",
          "input store for files that their origin no longer has: a directory, "
          "/... or ./..., or a registry's repository; empty: none");
ABSL_FLAG(std::string, state, "",
          "state directory; empty: .gantry in the workspace");
ABSL_FLAG(bool, json, false, "print one JSON object instead of text");
ABSL_FLAG(std::vector<std::string>, bazel_options, {},
          "additional options of the inner `bazel build`, separated by commas");

namespace {

constexpr char kUsage[] =
    "Builds a recorded revision again, without publishing or recording it, and "
    "compares the two.\n"
    "Usage: rebuild ID [--revision=N] [--inputs=DIRECTORY|REPOSITORY]\n"
    "Exit codes: 0 the content is equal; 1 it is different; 2 error; 3 it "
    "cannot be built, with the reason on standard error.";
constexpr int kDifferent = 1;
constexpr int kError = 2;
constexpr int kNotBuilt = 3;

gantry::job::BuildOptions OptionsFromFlags() {
  gantry::job::BuildOptions options;
  options.workspace = gantry::WorkspacePath("");
  options.bazel = gantry::job::BazelFromEnvironment();
  options.bazel_options = absl::GetFlag(FLAGS_bazel_options);
  options.inputs = gantry::publish::InputLocation(absl::GetFlag(FLAGS_inputs));
  return options;
}

absl::StatusOr<gantry::release::v1::RebuildReport> Run(
    const std::vector<std::string>& arguments, gantry::Progress& progress) {
  if (arguments.size() != 1) {
    return absl::InvalidArgumentError(
        "expected one argument, the ID of a cell; see --help");
  }
  if (absl::GetFlag(FLAGS_revision) < 0) {
    return absl::InvalidArgumentError("--revision: must not be negative");
  }
  GANTRY_ASSIGN_OR_RETURN(const gantry::StateDir state,
                          gantry::StateDir::Open(absl::GetFlag(FLAGS_state)));
  GANTRY_ASSIGN_OR_RETURN(const gantry::FileLock only_job,
                          gantry::FileLock::TryAcquire(state.job_lock_path()));
  const std::string service = absl::GetFlag(FLAGS_service);
  GANTRY_ASSIGN_OR_RETURN(
      const gantry::service::Connection connection,
      service.empty() ? gantry::service::Connection::ToReadOnlyDatabase(
                            state.database_path())
                      : gantry::service::Connection::ToService(
                            service, gantry::service::CredentialsFromFlags()));
  return gantry::job::Rebuild(OptionsFromFlags(), state, connection.client(),
                              arguments[0], absl::GetFlag(FLAGS_revision),
                              progress);
}

absl::StatusOr<std::string> Format(
    const gantry::release::v1::RebuildReport& report) {
  if (absl::GetFlag(FLAGS_json)) return gantry::FormatJson(report);
  return gantry::job::FormatRebuild(report);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments = gantry::ParseArguments(
      {"rebuild", kUsage, gantry::kVersion, kError}, argc, argv);
  absl::StatusOr<gantry::release::v1::RebuildReport> report;
  {
    gantry::Progress progress(stderr);
    report = Run(arguments, progress);
  }
  const absl::StatusOr<std::string> text =
      report.ok() ? Format(*report) : report.status();
  if (!text.ok()) {
    std::cerr << "rebuild: " << text.status().message() << "\n";
    return absl::IsAborted(text.status()) ? kNotBuilt : kError;
  }
  std::cout << *text;
  return report->equal() ? 0 : kDifferent;
}
