#include "release/job/matrix_job.h"

#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <random>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/file.h"
#include "base/file_lock.h"
#include "base/state_dir.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "google/protobuf/util/time_util.h"
#include "proto/release_service.pb.h"
#include "release/job/bazel_build.h"
#include "release/job/build_events.h"
#include "release/job/cell_outputs.h"
#include "release/job/failure_report.h"
#include "release/job/work_plan.h"
#include "release/plan/current_lock.h"
#include "release/plan/discover.h"
#include "release/publish/publisher.h"
#include "release/service/client/release_client.h"
#include "release/service/connection/connection.h"

namespace gantry::job {
namespace {

using ::gantry::release::v1::Cell;

// Long enough for a large matrix on a small machine.  Leases of a killed job do
// not block its successor, which has the same worker name.
constexpr int kLeaseHours = 6;

// A name that is unique to the state directory, independent of its machine and
// path: jobs with the same name release each other's leases.
absl::StatusOr<std::string> WorkerName(const StateDir& state) {
  auto id = ReadFile(state.worker_id_path());
  if (absl::IsNotFound(id.status())) {
    std::random_device random;
    id = absl::StrFormat("%08x%08x", random(), random());
    GANTRY_RETURN_IF_ERROR(WriteFileAtomically(state.worker_id_path(), *id));
  }
  GANTRY_RETURN_IF_ERROR(id.status());
  char host[64] = "";
  gethostname(host, sizeof(host) - 1);
  return absl::StrCat(host, "/", *id);
}

absl::StatusOr<plan::CurrentLock> FindLock(const MatrixOptions& options,
                                           const StateDir& state,
                                           Progress& progress) {
  plan::DiscoverOptions discover;
  discover.matrix_path = options.matrix_path;
  discover.progress = [&](absl::string_view step) {
    progress.Status(step, absl::Now());
  };
  discover.channel_error = [&](absl::string_view error) {
    progress.Line(absl::StrCat("error: ", error));
  };
  return plan::FindOrDiscoverLock(discover, state);
}

absl::StatusOr<service::Connection> Connect(const MatrixOptions& options,
                                            const StateDir& state) {
  return options.service.empty()
             ? service::Connection::ToDatabase(state.database_path())
             : service::Connection::ToService(options.service);
}

// One run of the job.  Its functions are in the order of its steps.
class Job {
 public:
  Job(const MatrixOptions& options, const StateDir& state, std::string worker,
      plan::CurrentLock lock, service::ReleaseClient& client,
      Progress& progress)
      : options_(options),
        state_(state),
        worker_(std::move(worker)),
        lock_(std::move(lock)),
        client_(client),
        progress_(progress) {}

  absl::StatusOr<std::vector<Cell>> Run() {
    GANTRY_ASSIGN_OR_RETURN(const auto plans,
                            CellPlansFromLock(lock_.lock, options_.channels));
    if (options_.dry_run) {
      GANTRY_ASSIGN_OR_RETURN(const std::vector<Cell> known,
                              client_.ListCells({}));
      return PreviewCells(plans, known);
    }
    GANTRY_ASSIGN_OR_RETURN(std::vector<Cell> cells, client_.PlanCells(plans));
    GANTRY_RETURN_IF_ERROR(ReleaseStaleLeases(cells));
    GANTRY_ASSIGN_OR_RETURN(cells, client_.PlanCells(plans));
    GANTRY_ASSIGN_OR_RETURN(const std::vector<Cell> claimed, Claim(cells));
    if (!claimed.empty()) GANTRY_RETURN_IF_ERROR(BuildAndRecord(claimed));
    return client_.PlanCells(plans);
  }

 private:
  // Releases leases of an earlier job that was killed.
  absl::Status ReleaseStaleLeases(const std::vector<Cell>& cells) {
    for (const Cell& cell : CellsLeasedTo(worker_, cells)) {
      GANTRY_RETURN_IF_ERROR(
          RecordFailure(cell, "the job was interrupted", ""));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<Cell>> Claim(const std::vector<Cell>& cells) {
    release::v1::ClaimCellsRequest request;
    for (const std::string& id : MissingCellIds(cells)) request.add_ids(id);
    if (request.ids().empty()) return std::vector<Cell>();
    request.set_worker(worker_);
    *request.mutable_lease_duration() =
        google::protobuf::util::TimeUtil::HoursToDuration(kLeaseHours);
    return client_.ClaimCells(request);
  }

  // Records every cell, even if that fails for one of them, unless the service
  // is unavailable.  Returns the first error.
  absl::Status BuildAndRecord(const std::vector<Cell>& claimed) {
    const auto built = Build(claimed);
    absl::Status first_error = built.status();
    for (const Cell& cell : claimed) {
      // An error of the build command applies to all cells.
      const absl::Status recorded =
          built.ok()
              ? Record(cell, *built)
              : RecordFailure(cell, std::string(built.status().message()),
                              LogPath());
      if (recorded.ok()) continue;
      if (first_error.ok()) first_error = Annotate(recorded, cell.id());
      if (absl::IsUnavailable(recorded)) break;
    }
    return first_error;
  }

  absl::StatusOr<BuildEvents> Build(const std::vector<Cell>& claimed) {
    progress_.Line(
        absl::StrCat("building ", claimed.size(), " cells; log: ", LogPath()));
    const absl::Time start = absl::Now();
    GANTRY_RETURN_IF_ERROR(
        CreateDirectories(std::filesystem::path(LogPath()).parent_path()));
    BazelBuildOptions build;
    build.bazel = options_.bazel;
    build.workspace = options_.workspace;
    build.options = options_.bazel_options;
    build.options.push_back(
        absl::StrCat("--repo_env=GANTRY_LOCK=", lock_.path));
    for (const Cell& cell : claimed) {
      build.labels.push_back(Label(cell));
    }
    build.output_groups = {kImageOutputGroup, kProofOutputGroup};
    build.log_path = LogPath();
    build.on_status = [&](absl::string_view status) {
      const absl::Time now = absl::Now();
      const absl::Duration elapsed = absl::Trunc(now - start, absl::Seconds(1));
      progress_.Status(absl::StrCat(absl::FormatDuration(elapsed), " ", status),
                       now);
    };
    return BuildWithBazel(build);
  }

  // Publishes and records a cell that was built, or records its failure.
  absl::Status Record(const Cell& cell, const BuildEvents& events) {
    const auto target = events.targets.find(Label(cell));
    if (target == events.targets.end()) {
      return RecordFailure(cell, "Bazel reported no result for this target",
                           LogPath());
    }
    if (target->second.failure.has_value()) {
      const auto report =
          SaveFailureLog(*target->second.failure, state_.log_path(cell.id()));
      // The failure is recorded even if its log cannot be saved.
      return report.ok()
                 ? RecordFailure(cell, report->reason, report->log_path)
                 : RecordFailure(cell, target->second.failure->message, "");
    }
    auto request = Publish(target->second, events.execution_root);
    if (!request.ok()) {
      return RecordFailure(cell, std::string(request.status().message()), "");
    }
    request->set_channel(cell.channel());
    request->set_fencing_token(cell.lease().fencing_token());
    const absl::Status recorded = client_.PublishPayload(*request).status();
    if (absl::IsUnavailable(recorded)) return recorded;
    if (!recorded.ok())
      return RecordFailure(cell, std::string(recorded.message()), "");
    progress_.Line(
        absl::StrCat("built ", cell.id(), " ", request->payload().digest()));
    return absl::OkStatus();
  }

  absl::StatusOr<release::v1::PublishPayloadRequest> Publish(
      const BuiltTarget& target, const std::string& execution_root) {
    GANTRY_ASSIGN_OR_RETURN(const CellOutputs outputs, ReadCellOutputs(target));
    publish::Destination destination;
    if (options_.registry.empty()) {
      destination.layout_directory = state_.oci_path();
    } else {
      destination.registry_repository = options_.registry;
    }
    release::v1::PublishPayloadRequest request;
    *request.mutable_coordinates() = outputs.image.coordinates();
    auto& payload = *request.mutable_payload();
    GANTRY_ASSIGN_OR_RETURN(
        *payload.mutable_reference(),
        publish::PublishImage(outputs.image, execution_root, destination));
    payload.set_digest(outputs.image.manifest().digest());
    int64_t size =
        outputs.image.manifest().size() + outputs.image.config().size();
    for (const auto& layer : outputs.image.layers()) size += layer.size();
    payload.set_total_size(size);
    *payload.mutable_proof() = outputs.proof;
    return request;
  }

  absl::Status RecordFailure(const Cell& cell, const std::string& reason,
                             const std::string& log_path) {
    release::v1::FailAttemptRequest request;
    request.set_id(cell.id());
    request.set_fencing_token(cell.lease().fencing_token());
    request.set_reason(ReasonLine(reason));
    if (!log_path.empty()) {
      request.set_log_uri(absl::StrCat("file://", log_path));
    }
    progress_.Line(absl::StrCat("failed ", cell.id(), ": ", request.reason()));
    const absl::Status failed = client_.FailAttempt(request).status();
    // The lease has expired, and another worker has claimed the cell.
    return absl::IsFailedPrecondition(failed) ? absl::OkStatus() : failed;
  }

  static std::string Label(const Cell& cell) {
    return absl::StrCat("@cells//", cell.id(), ":cell");
  }

  std::string LogPath() const { return state_.log_path("bazel.log"); }

  const MatrixOptions& options_;
  const StateDir& state_;
  const std::string worker_;
  const plan::CurrentLock lock_;
  service::ReleaseClient& client_;
  Progress& progress_;
};

}  // namespace

absl::StatusOr<MatrixResult> RunMatrixJob(const MatrixOptions& options,
                                          Progress& progress) {
  GANTRY_ASSIGN_OR_RETURN(const StateDir state, StateDir::Open(options.state));
  // Concurrent jobs of a state directory would have the same worker name.
  GANTRY_ASSIGN_OR_RETURN(const FileLock only_job,
                          FileLock::TryAcquire(state.job_lock_path()));
  GANTRY_ASSIGN_OR_RETURN(plan::CurrentLock lock,
                          FindLock(options, state, progress));
  GANTRY_ASSIGN_OR_RETURN(const service::Connection connection,
                          Connect(options, state));
  GANTRY_ASSIGN_OR_RETURN(std::string worker, WorkerName(state));
  MatrixResult result;
  result.failed_channels = FailedChannels(lock.lock, options.channels);
  GANTRY_ASSIGN_OR_RETURN(
      result.cells, Job(options, state, std::move(worker), std::move(lock),
                        connection.client(), progress)
                        .Run());
  return result;
}

}  // namespace gantry::job
