#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/file_lock.h"
#include "base/program.h"
#include "base/progress.h"
#include "base/state_dir.h"
#include "base/status_macros.h"
#include "base/user_path.h"
#include "base/version.h"
#include "proto/cell.pb.h"
#include "proto/release_service.pb.h"
#include "release/job/bazel_build.h"
#include "release/job/worker.h"
#include "release/job/worker_name.h"
#include "release/publish/input_store.h"
#include "release/service/client/release_client.h"
#include "release/service/connection/credential_flags.h"

ABSL_FLAG(std::string, service, "",
          "HOST:PORT of the release service; required");
ABSL_FLAG(
    std::string, registry, "",
    "repository to publish to, such as registry.example/gantry; required");
ABSL_FLAG(std::vector<std::string>, channel, {},
          "build only cells of these channels, separated by commas; empty: "
          "of all");
ABSL_FLAG(std::string, inputs, "",
          "input store: where downloaded files are kept, and read when their "
          "origin no longer has them: a directory, /... or ./..., or a "
          "registry's repository; empty: none");
ABSL_FLAG(std::string, state, "",
          "state directory, with batches and logs; empty: .gantry in the "
          "workspace");
ABSL_FLAG(std::vector<std::string>, bazel_options, {},
          "additional options of the inner `bazel build`, separated by commas");
ABSL_FLAG(int, batch, 4,
          "how many cells to claim and build at once; at least 1");
ABSL_FLAG(absl::Duration, lease, absl::Minutes(10),
          "how long cells stay claimed if this worker is killed; at least 1s");
ABSL_FLAG(absl::Duration, poll, absl::ZeroDuration(),
          "ask for work again after this time if there is none; 0: exit");

namespace gantry::job {
namespace {

constexpr char kUsage[] =
    "Builds, proves and publishes what a release service hands out, until "
    "nothing is left.\n"
    "Usage: worker --service=HOST:PORT --registry=REPOSITORY [--channel=A,B] "
    "[--state=DIRECTORY] [--batch=N] [--poll=30s]\n"
    "Exit codes: 0 what this worker claimed is built; 1 error; 3 it failed to "
    "build a cell: `query failures` tells why.";
constexpr int kIncomplete = 3;

absl::StatusOr<WorkerOptions> OptionsFromFlags() {
  WorkerOptions options;
  options.workspace = WorkspacePath("");
  options.bazel = BazelFromEnvironment();
  options.bazel_options = absl::GetFlag(FLAGS_bazel_options);
  options.registry = absl::GetFlag(FLAGS_registry);
  options.inputs = publish::InputLocation(absl::GetFlag(FLAGS_inputs));
  options.batch = absl::GetFlag(FLAGS_batch);
  options.lease_duration = absl::GetFlag(FLAGS_lease);
  if (absl::GetFlag(FLAGS_service).empty()) {
    return absl::InvalidArgumentError("--service is required");
  }
  if (options.registry.empty()) {
    return absl::InvalidArgumentError("--registry is required");
  }
  if (options.batch < 1) {
    return absl::InvalidArgumentError("--batch must be at least 1");
  }
  return options;
}

// Returns the exit code.
absl::StatusOr<int> Run(Progress& progress) {
  GANTRY_ASSIGN_OR_RETURN(const WorkerOptions options, OptionsFromFlags());
  GANTRY_ASSIGN_OR_RETURN(const StateDir state,
                          StateDir::Open(absl::GetFlag(FLAGS_state)));
  // Another worker or job in this directory would have the same name.
  GANTRY_ASSIGN_OR_RETURN(const FileLock only_worker,
                          FileLock::TryAcquire(state.job_lock_path()));
  GANTRY_ASSIGN_OR_RETURN(
      const auto client,
      service::ReleaseClient::Connect(absl::GetFlag(FLAGS_service),
                                      service::CredentialsFromFlags()));
  GANTRY_ASSIGN_OR_RETURN(const std::string name, WorkerName(state));
  Worker worker(options, state, name, *client, progress);
  GANTRY_RETURN_IF_ERROR(worker.ReleaseStaleLeases());
  release::v1::ClaimCellsRequest request;
  for (const std::string& channel : absl::GetFlag(FLAGS_channel)) {
    request.add_channels(channel);
  }
  const absl::Duration poll = absl::GetFlag(FLAGS_poll);
  while (true) {
    GANTRY_ASSIGN_OR_RETURN(const std::vector<release::v1::Cell> claimed,
                            worker.Work(request));
    const absl::Status tagged = worker.SetMissingTags();
    if (!claimed.empty()) continue;
    if (poll <= absl::ZeroDuration()) {
      GANTRY_RETURN_IF_ERROR(tagged);
      break;
    }
    progress.Status("waiting for work", absl::Now());
    absl::SleepFor(poll);
  }
  std::cout << "built " << worker.built_count() << ", failed "
            << worker.failed_count() << "\n";
  return worker.failed_count() == 0 ? 0 : kIncomplete;
}

}  // namespace
}  // namespace gantry::job

int main(int argc, char** argv) {
  gantry::ParseFlags({"worker", gantry::job::kUsage, gantry::kVersion}, argc,
                     argv);
  gantry::Progress progress(stderr);
  const absl::StatusOr<int> exit_code = gantry::job::Run(progress);
  if (exit_code.ok()) return *exit_code;
  std::cerr << "worker: " << exit_code.status().message() << "\n";
  return 1;
}
