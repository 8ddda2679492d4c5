#include "release/job/matrix_job.h"

#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <random>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "base/cell_name.h"
#include "base/file.h"
#include "base/file_lock.h"
#include "base/proto_time.h"
#include "base/state_dir.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "proto/attempt.pb.h"
#include "proto/cell_plan.pb.h"
#include "proto/image_descriptor.pb.h"
#include "proto/release_service.pb.h"
#include "release/job/bazel_build.h"
#include "release/job/build_events.h"
#include "release/job/cell_outputs.h"
#include "release/job/failure_report.h"
#include "release/job/lease_keeper.h"
#include "release/job/work_plan.h"
#include "release/plan/batch_lock.h"
#include "release/plan/current_lock.h"
#include "release/plan/discover.h"
#include "release/publish/publisher.h"
#include "release/service/client/release_client.h"
#include "release/service/connection/connection.h"

namespace gantry::job {
namespace {

using ::gantry::release::v1::Cell;

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
        progress_(progress) {
    if (options_.registry.empty()) {
      destination_.layout_directory = state_.oci_path();
    } else {
      destination_.registry_repository = options_.registry;
    }
  }

  absl::StatusOr<std::vector<Cell>> Run() {
    GANTRY_ASSIGN_OR_RETURN(plans_,
                            CellPlansFromLock(lock_.lock, options_.channels));
    if (options_.dry_run) {
      GANTRY_ASSIGN_OR_RETURN(const std::vector<Cell> known,
                              client_.ListCells({}));
      return PreviewCells(plans_, known);
    }
    GANTRY_ASSIGN_OR_RETURN(std::vector<Cell> cells, Plan());
    GANTRY_RETURN_IF_ERROR(RetireOthers());
    GANTRY_RETURN_IF_ERROR(ReleaseStaleLeases(cells));
    std::set<std::string> tried;
    while (true) {
      GANTRY_ASSIGN_OR_RETURN(cells, Plan());
      GANTRY_ASSIGN_OR_RETURN(const std::vector<Cell> claimed,
                              Claim(cells, tried));
      if (claimed.empty()) return cells;
      for (const Cell& cell : claimed) tried.insert(cell.id());
      GANTRY_RETURN_IF_ERROR(BuildAndRecord(claimed));
    }
  }

 private:
  absl::StatusOr<std::vector<Cell>> Plan() {
    return client_.PlanCells(plans_, PlanId(plans_));
  }

  // Retires the cells that the matrix no longer has.
  absl::Status RetireOthers() {
    release::v1::RetireCellsRequest request;
    request.set_plan_id(PlanId(plans_));
    std::set<std::string> channels(options_.channels.begin(),
                                   options_.channels.end());
    if (channels.empty()) {
      for (const release::v1::CellPlan& plan : plans_) {
        channels.insert(plan.channels().begin(), plan.channels().end());
      }
    }
    // Of these, the plan may lack releases.
    for (const auto& failed : lock_.lock.failed_channels()) {
      channels.erase(failed.name());
    }
    if (channels.empty()) return absl::OkStatus();
    request.mutable_channels()->Assign(channels.begin(), channels.end());
    GANTRY_ASSIGN_OR_RETURN(const auto retired, client_.RetireCells(request));
    for (const std::string& id : retired.ids()) {
      progress_.Line(absl::StrCat("retired ", id));
    }
    return absl::OkStatus();
  }

  // Releases leases of an earlier job that was killed.
  absl::Status ReleaseStaleLeases(const std::vector<Cell>& cells) {
    for (const Cell& cell : CellsLeasedTo(worker_, cells)) {
      GANTRY_RETURN_IF_ERROR(Release(cell, "the job was interrupted"));
    }
    return absl::OkStatus();
  }

  // Claims missing cells.  Whoever starts the job does not want to wait for the
  // time of a cell's next attempt; cells that the job has tried do wait.
  absl::StatusOr<std::vector<Cell>> Claim(const std::vector<Cell>& cells,
                                          const std::set<std::string>& tried) {
    release::v1::ClaimCellsRequest untried;
    release::v1::ClaimCellsRequest again;
    for (const std::string& id : MissingCellIds(cells)) {
      (tried.count(id) == 0 ? untried : again).add_ids(id);
    }
    untried.set_include_waiting(true);
    for (release::v1::ClaimCellsRequest* request : {&untried, &again}) {
      if (request->ids().empty()) continue;
      request->set_worker(worker_);
      request->set_max_cells(options_.batch);
      *request->mutable_lease_duration() =
          ToProtoDuration(options_.lease_duration);
      GANTRY_ASSIGN_OR_RETURN(std::vector<Cell> claimed,
                              client_.ClaimCells(*request));
      if (!claimed.empty()) return claimed;
    }
    return std::vector<Cell>();
  }

  // Records every cell, even if that fails for one of them, unless the service
  // is unavailable.  Returns the first error.
  absl::Status BuildAndRecord(const std::vector<Cell>& claimed) {
    leases_.emplace(client_, claimed, options_.lease_duration);
    std::map<std::string, const Cell*> unrecorded;
    for (const Cell& cell : claimed) unrecorded.emplace(Label(cell), &cell);
    absl::Status first_error;
    const auto note = [&](const Cell& cell, const absl::Status& status) {
      if (!status.ok() && first_error.ok()) {
        first_error = Annotate(status, cell.id());
      }
    };
    const auto built =
        Build(claimed, [&](const std::string& label, const BuiltTarget& target,
                           const std::string& execution_root) {
          const auto found = unrecorded.find(label);
          if (found == unrecorded.end()) return;
          const Cell& cell = *found->second;
          unrecorded.erase(found);
          note(cell, Record(cell, target, execution_root));
        });
    if (first_error.ok()) first_error = built.status();
    for (const auto& [label, cell] : unrecorded) {
      const absl::Status recorded = RecordUnbuilt(*cell, built);
      note(*cell, recorded);
      if (absl::IsUnavailable(recorded)) break;
    }
    leases_.reset();
    return first_error;
  }

  absl::StatusOr<BuildEvents> Build(
      const std::vector<Cell>& claimed,
      decltype(BazelBuildOptions::on_built) on_built) {
    progress_.Line(
        absl::StrCat("building ", claimed.size(), " cells; log: ", LogPath()));
    const absl::Time start = absl::Now();
    GANTRY_RETURN_IF_ERROR(
        CreateDirectories(std::filesystem::path(LogPath()).parent_path()));
    BazelBuildOptions build;
    build.bazel = options_.bazel;
    build.workspace = options_.workspace;
    build.options = options_.bazel_options;
    std::set<std::string> ids;
    for (const Cell& cell : claimed) {
      ids.insert(cell.id());
      build.labels.push_back(Label(cell));
    }
    GANTRY_ASSIGN_OR_RETURN(
        const std::string batch,
        plan::WriteBatchLock(plan::BatchLock(lock_.lock, ids), state_));
    build.options.push_back(absl::StrCat("--repo_env=GANTRY_LOCK=", batch));
    build.output_groups = {kImageOutputGroup, kProofOutputGroup};
    build.log_path = LogPath();
    build.on_status = [&](absl::string_view status) {
      const absl::Time now = absl::Now();
      const absl::Duration elapsed = absl::Trunc(now - start, absl::Seconds(1));
      progress_.Status(absl::StrCat(absl::FormatDuration(elapsed), " ", status),
                       now);
    };
    build.on_built = std::move(on_built);
    return BuildWithBazel(build);
  }

  // Publishes a cell that was built, records it, and then tags its image.
  absl::Status Record(const Cell& cell, const BuiltTarget& target,
                      const std::string& execution_root) {
    const absl::StatusOr<CellOutputs> outputs = ReadCellOutputs(target);
    if (!outputs.ok()) {
      return RecordFailure(
          cell, InfrastructureFailure("job", outputs.status().message()), "");
    }
    const auto request = Publish(cell, *outputs, execution_root);
    if (!request.ok()) {
      return RecordFailure(
          cell, InfrastructureFailure("publish", request.status().message()),
          "");
    }
    const auto recorded = client_.RecordRevision(*request);
    if (absl::IsUnavailable(recorded.status())) return recorded.status();
    if (!recorded.ok()) {
      return RecordFailure(
          cell, InfrastructureFailure("publish", recorded.status().message()),
          "");
    }
    leases_->Remove(cell.id());
    if (recorded->outcome() == release::v1::ATTEMPT_OUTCOME_IRREPRODUCIBLE) {
      progress_.Line(absl::StrCat(
          "irreproducible ", cell.id(), ": the recipe of revision ",
          recorded->revision(), " gave other content, ",
          request->content_digest(), ", which is not recorded"));
      return absl::OkStatus();
    }
    progress_.Line(absl::StrCat("built ", cell.id(), " ",
                                recorded->cell().payload().digest(),
                                " as revision ", recorded->revision()));
    return Tag(outputs->image, *recorded);
  }

  absl::StatusOr<release::v1::RecordRevisionRequest> Publish(
      const Cell& cell, const CellOutputs& outputs,
      const std::string& execution_root) {
    release::v1::RecordRevisionRequest request;
    *request.mutable_coordinates() = outputs.image.coordinates();
    request.set_fencing_token(cell.lease().fencing_token());
    request.set_recipe_digest(cell.lease().recipe_digest());
    request.set_content_digest(outputs.image.content_digest());
    for (const auto& file : outputs.image.modules()) {
      auto& module = *request.add_modules();
      module.set_name(file.name());
      module.set_digest(file.digest());
    }
    auto& payload = *request.mutable_payload();
    GANTRY_ASSIGN_OR_RETURN(
        *payload.mutable_reference(),
        publish::PublishImage(outputs.image, execution_root, destination_));
    payload.set_digest(outputs.image.manifest().digest());
    int64_t size =
        outputs.image.manifest().size() + outputs.image.config().size();
    for (const auto& layer : outputs.image.layers()) size += layer.size();
    payload.set_total_size(size);
    *payload.mutable_proof() = outputs.proof;
    return request;
  }

  // Tags the image as the recorded revision.  The tag without a number follows
  // the newest revision, whoever recorded it.
  absl::Status Tag(const payload::v1::ImageDescriptor& image,
                   const release::v1::RecordRevisionResponse& recorded) {
    // The revision has an image of its own, which already has these tags.
    if (recorded.cell().payload().digest() != image.manifest().digest()) {
      return absl::OkStatus();
    }
    const std::string tag = CellTag(image.coordinates());
    GANTRY_RETURN_IF_ERROR(publish::TagImage(
        image.manifest().digest(), absl::StrCat(tag, "-r", recorded.revision()),
        destination_));
    GANTRY_ASSIGN_OR_RETURN(const Cell newest,
                            client_.GetCell(recorded.cell().id()));
    if (newest.revision() != recorded.revision()) return absl::OkStatus();
    return publish::TagImage(image.manifest().digest(), tag, destination_);
  }

  // Records what happened to a cell that was not built, or gives its lease back
  // if the job was interrupted.
  absl::Status RecordUnbuilt(const Cell& cell,
                             const absl::StatusOr<BuildEvents>& events) {
    if (absl::IsCancelled(events.status())) {
      return Release(cell, "the job was interrupted");
    }
    // An error of the build command applies to all cells.
    if (!events.ok()) {
      return RecordFailure(
          cell, InfrastructureFailure("job", events.status().message()),
          LogPath());
    }
    const auto target = events->targets.find(Label(cell));
    if (target == events->targets.end() ||
        !target->second.failure.has_value()) {
      return RecordFailure(
          cell,
          InfrastructureFailure("job",
                                "Bazel reported no result for this target"),
          LogPath());
    }
    const BuildFailure& failure = *target->second.failure;
    const auto report = SaveFailureLog(failure, state_.log_path(cell.id()));
    // The failure is recorded even if its log cannot be saved.
    return report.ok()
               ? RecordFailure(cell, report->failure, report->log_path)
               : RecordFailure(
                     cell, InfrastructureFailure("job", failure.message), "");
  }

  absl::Status RecordFailure(const Cell& cell,
                             const release::v1::Failure& failure,
                             const std::string& log_path) {
    leases_->Remove(cell.id());
    release::v1::FailAttemptRequest request;
    request.mutable_lease()->set_id(cell.id());
    request.mutable_lease()->set_fencing_token(cell.lease().fencing_token());
    *request.mutable_failure() = failure;
    if (!log_path.empty()) {
      request.set_log_uri(absl::StrCat("file://", log_path));
    }
    progress_.Line(absl::StrCat("failed ", cell.id(), ": ", failure.reason()));
    return UnlessLost(client_.FailAttempt(request).status());
  }

  absl::Status Release(const Cell& cell, const std::string& reason) {
    release::v1::ReleaseLeaseRequest request;
    request.mutable_lease()->set_id(cell.id());
    request.mutable_lease()->set_fencing_token(cell.lease().fencing_token());
    request.set_reason(reason);
    return UnlessLost(client_.ReleaseLease(request).status());
  }

  // OK instead of the error of a lease that another worker has now.
  static absl::Status UnlessLost(const absl::Status& status) {
    return absl::IsFailedPrecondition(status) ? absl::OkStatus() : status;
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
  publish::Destination destination_;
  std::vector<release::v1::CellPlan> plans_;
  // While cells are built.
  absl::optional<LeaseKeeper> leases_;
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
