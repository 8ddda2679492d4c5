#include "release/job/worker.h"

#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/proto_time.h"
#include "base/stage_epochs.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "release/job/failure_report.h"
#include "release/job/tags.h"
#include "release/job/work_plan.h"

namespace gantry::job {
namespace {

using ::gantry::release::v1::Cell;
using ::gantry::release::v1::ClaimCellsRequest;

// What Gantry can build.
constexpr char kArchitecture[] = "amd64";

release::v1::LeaseReference LeaseOf(const Cell& cell) {
  release::v1::LeaseReference lease;
  lease.set_id(cell.id());
  lease.set_fencing_token(cell.lease().fencing_token());
  return lease;
}

// OK instead of the error of a lease that another worker has now.
absl::Status UnlessLost(const absl::Status& status) {
  return absl::IsFailedPrecondition(status) ? absl::OkStatus() : status;
}

}  // namespace

Worker::Worker(const WorkerOptions& options, const StateDir& state,
               std::string name, service::ReleaseClient& client,
               Progress& progress)
    : options_(options),
      state_(state),
      name_(std::move(name)),
      client_(client),
      progress_(progress) {
  if (options_.registry.empty()) {
    destination_.layout_directory = state_.oci_path();
  } else {
    destination_.registry_repository = options_.registry;
  }
}

absl::Status Worker::ReleaseStaleLeases() {
  release::v1::ListCellsRequest building;
  building.add_states(release::v1::CELL_STATE_BUILDING);
  GANTRY_ASSIGN_OR_RETURN(const std::vector<Cell> cells,
                          client_.ListCells(building));
  for (const Cell& cell : CellsLeasedTo(name_, cells)) {
    GANTRY_RETURN_IF_ERROR(Release(cell, "the job was interrupted"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Cell>> Worker::Work(ClaimCellsRequest request) {
  request.set_worker(name_);
  request.set_max_cells(options_.batch);
  *request.mutable_lease_duration() = ToProtoDuration(options_.lease_duration);
  request.add_architectures(kArchitecture);
  for (const StageEpoch& stage : kStageEpochs) {
    auto& epoch = *request.add_epochs();
    epoch.set_stage(stage.stage);
    epoch.set_epoch(stage.epoch);
  }
  GANTRY_ASSIGN_OR_RETURN(std::vector<Cell> claimed,
                          client_.ClaimCells(request));
  if (claimed.empty()) return claimed;
  leases_.emplace(client_, claimed, options_.lease_duration);
  absl::Status status;
  for (const std::vector<Cell>& cells : CompatibleBatches(claimed)) {
    if (status.ok()) {
      status = BuildAndRecord(cells);
      continue;
    }
    for (const Cell& cell : cells) {
      if (!Release(cell, "the job was interrupted").ok()) break;
    }
  }
  leases_.reset();
  GANTRY_RETURN_IF_ERROR(status);
  return claimed;
}

// Records every cell, even if that fails for one of them, unless the service
// is unavailable.  Returns the first error.
absl::Status Worker::BuildAndRecord(const std::vector<Cell>& cells) {
  std::map<std::string, const Cell*> unrecorded;
  for (const Cell& cell : cells) unrecorded.emplace(CellLabel(cell), &cell);
  absl::Status first_error;
  const auto note = [&](const Cell& cell, const absl::Status& status) {
    if (!status.ok() && first_error.ok()) {
      first_error = Annotate(status, cell.id());
    }
  };
  const auto built =
      BuildCells(options_, state_, client_, progress_, cells,
                 [&](const std::string& label, const BuiltTarget& target,
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
  return first_error;
}

// Publishes a cell that was built, records it, and then tags its image.
absl::Status Worker::Record(const Cell& cell, const BuiltTarget& target,
                            const std::string& execution_root) {
  const absl::StatusOr<CellOutputs> outputs = ReadCellOutputs(target);
  if (!outputs.ok()) {
    return RecordFailure(
        cell, InfrastructureFailure("job", outputs.status().message()), "");
  }
  const auto request = Publish(cell, *outputs, execution_root);
  if (!request.ok()) {
    return RecordFailure(
        cell, InfrastructureFailure("publish", request.status().message()), "");
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
    ++failed_count_;
    progress_.Line(
        absl::StrCat("irreproducible ", cell.id(), ": the recipe of revision ",
                     recorded->revision(), " gave other content, ",
                     request->content_digest(), ", which is not recorded"));
    return absl::OkStatus();
  }
  ++built_count_;
  progress_.Line(absl::StrCat("built ", cell.id(), " ",
                              recorded->cell().payload().digest(),
                              " as revision ", recorded->revision()));
  untagged_[cell.id()] = recorded->revision();
  const absl::Status tagged = SetMissingTags();
  if (!tagged.ok()) {
    progress_.Line(absl::StrCat("not tagged yet: ", tagged.message()));
  }
  return absl::OkStatus();
}

absl::Status Worker::SetMissingTags() {
  while (!untagged_.empty()) {
    const auto& [id, revision] = *untagged_.begin();
    GANTRY_RETURN_IF_ERROR(Annotate(
        SetRevisionTags(client_, destination_, id, revision).status(), id));
    untagged_.erase(untagged_.begin());
  }
  return absl::OkStatus();
}

absl::StatusOr<release::v1::RecordRevisionRequest> Worker::Publish(
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

// Records what happened to a cell that was not built, or gives its lease back
// if the job was interrupted.
absl::Status Worker::RecordUnbuilt(const Cell& cell,
                                   const absl::StatusOr<BuildEvents>& events) {
  if (absl::IsCancelled(events.status())) {
    return Release(cell, "the job was interrupted");
  }
  // An error of the build command applies to all cells.
  if (!events.ok()) {
    return RecordFailure(
        cell, InfrastructureFailure("job", events.status().message()),
        BuildLogPath(state_));
  }
  const auto target = events->targets.find(CellLabel(cell));
  if (target == events->targets.end() || !target->second.failure.has_value()) {
    return RecordFailure(cell,
                         InfrastructureFailure(
                             "job", "Bazel reported no result for this target"),
                         BuildLogPath(state_));
  }
  const BuildFailure& failure = *target->second.failure;
  const auto report = SaveFailureLog(failure, state_.log_path(cell.id()));
  // The failure is recorded even if its log cannot be saved.
  return report.ok()
             ? RecordFailure(cell, report->failure, report->log_path)
             : RecordFailure(cell,
                             InfrastructureFailure("job", failure.message), "");
}

absl::Status Worker::RecordFailure(const Cell& cell,
                                   const release::v1::Failure& failure,
                                   const std::string& log_path) {
  ++failed_count_;
  leases_->Remove(cell.id());
  release::v1::FailAttemptRequest request;
  *request.mutable_lease() = LeaseOf(cell);
  *request.mutable_failure() = failure;
  if (!log_path.empty()) {
    // The failure is recorded even if its log cannot be read.
    request.set_log(ReadLogExcerpt(log_path).value_or(""));
    if (!options_.is_service_shared) {
      request.set_log_uri(absl::StrCat("file://", log_path));
    }
  }
  progress_.Line(absl::StrCat("failed ", cell.id(), ": ", failure.reason()));
  return UnlessLost(client_.FailAttempt(request).status());
}

absl::Status Worker::Release(const Cell& cell, const std::string& reason) {
  release::v1::ReleaseLeaseRequest request;
  *request.mutable_lease() = LeaseOf(cell);
  request.set_reason(reason);
  return UnlessLost(client_.ReleaseLease(request).status());
}

}  // namespace gantry::job
