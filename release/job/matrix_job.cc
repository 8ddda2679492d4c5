#include "release/job/matrix_job.h"

#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/file_lock.h"
#include "base/state_dir.h"
#include "base/status_macros.h"
#include "proto/cell_plan.pb.h"
#include "proto/publish_report.pb.h"
#include "proto/release_service.pb.h"
#include "release/job/reconcile.h"
#include "release/job/work_plan.h"
#include "release/job/worker_name.h"
#include "release/plan/current_lock.h"
#include "release/publish/publisher.h"
#include "release/service/client/release_client.h"
#include "release/service/connection/connection.h"

namespace gantry::job {
namespace {

using ::gantry::release::v1::Cell;

absl::StatusOr<service::Connection> Connect(const MatrixOptions& options,
                                            const StateDir& state) {
  return options.planning.service.empty()
             ? service::Connection::ToDatabase(state.database_path())
             : service::Connection::ToService(options.planning.service,
                                              options.planning.credentials);
}

absl::StatusOr<MatrixResult> Preview(const MatrixOptions& options,
                                     const StateDir& state,
                                     service::ReleaseClient& client,
                                     Progress& progress) {
  GANTRY_ASSIGN_OR_RETURN(const plan::CurrentLock current,
                          FindLock(options.planning, state, progress));
  GANTRY_ASSIGN_OR_RETURN(
      const std::vector<release::v1::CellPlan> plans,
      CellPlansFromLock(current.lock, options.planning.channels));
  GANTRY_ASSIGN_OR_RETURN(const std::vector<Cell> known, client.ListCells({}));
  MatrixResult result;
  result.cells = PreviewCells(plans, known);
  result.failed_channels =
      FailedChannels(current.lock, options.planning.channels);
  return result;
}

// Reads the cells again.
absl::Status Refresh(service::ReleaseClient& client, std::vector<Cell>& cells) {
  std::set<std::string> ids;
  for (const Cell& cell : cells) ids.insert(cell.id());
  GANTRY_ASSIGN_OR_RETURN(std::vector<Cell> all, client.ListCells({}));
  cells.clear();
  for (Cell& cell : all) {
    if (ids.count(cell.id()) != 0) cells.push_back(std::move(cell));
  }
  return absl::OkStatus();
}

// Builds those of the cells that are missing.  Whoever starts the job does not
// want to wait for the time of a cell's next attempt; cells that the job has
// tried do wait.
absl::StatusOr<std::vector<Cell>> Work(Worker& worker,
                                       const std::vector<Cell>& cells,
                                       const std::set<std::string>& tried) {
  release::v1::ClaimCellsRequest untried;
  release::v1::ClaimCellsRequest again;
  for (const std::string& id : MissingCellIds(cells)) {
    (tried.count(id) == 0 ? untried : again).add_ids(id);
  }
  untried.set_include_waiting(true);
  for (release::v1::ClaimCellsRequest* request : {&untried, &again}) {
    if (request->ids().empty()) continue;
    GANTRY_ASSIGN_OR_RETURN(std::vector<Cell> claimed, worker.Work(*request));
    if (!claimed.empty()) return claimed;
  }
  return std::vector<Cell>();
}

// Publishes what was built before there was this registry.
absl::Status PublishEarlierCells(const std::string& registry,
                                 const std::vector<Cell>& cells,
                                 service::ReleaseClient& client,
                                 Progress& progress) {
  if (registry.empty()) return absl::OkStatus();
  publish::Destination destination;
  destination.registry_repository = registry;
  GANTRY_ASSIGN_OR_RETURN(
      const release::v1::PublishReport report,
      PublishRecordedElsewhere(client, cells, destination, progress));
  for (const std::string& missing : report.missing()) {
    progress.Line(absl::StrCat("not in ", registry, ": ", missing));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<MatrixResult> RunMatrixJob(const MatrixOptions& options,
                                          Progress& progress) {
  GANTRY_ASSIGN_OR_RETURN(const StateDir state, StateDir::Open(options.state));
  // Concurrent jobs of a state directory would have the same worker name.
  GANTRY_ASSIGN_OR_RETURN(const FileLock only_job,
                          FileLock::TryAcquire(state.job_lock_path()));
  GANTRY_ASSIGN_OR_RETURN(const service::Connection connection,
                          Connect(options, state));
  service::ReleaseClient& client = connection.client();
  if (options.dry_run) return Preview(options, state, client, progress);
  GANTRY_ASSIGN_OR_RETURN(
      Planned planned, PlanMatrix(options.planning, state, client, progress));
  MatrixResult result;
  result.cells = std::move(planned.cells);
  result.failed_channels = std::move(planned.failed_channels);

  GANTRY_ASSIGN_OR_RETURN(const std::string name, WorkerName(state));
  WorkerOptions work = options.work;
  work.is_service_shared = !options.planning.service.empty();
  Worker worker(work, state, name, client, progress);
  GANTRY_RETURN_IF_ERROR(worker.ReleaseStaleLeases());
  std::set<std::string> tried;
  while (!MissingCellIds(result.cells).empty()) {
    GANTRY_ASSIGN_OR_RETURN(const std::vector<Cell> claimed,
                            Work(worker, result.cells, tried));
    GANTRY_RETURN_IF_ERROR(Refresh(client, result.cells));
    if (claimed.empty()) break;
    for (const Cell& cell : claimed) tried.insert(cell.id());
  }
  GANTRY_RETURN_IF_ERROR(worker.SetMissingTags());
  GANTRY_RETURN_IF_ERROR(PublishEarlierCells(options.work.registry,
                                             result.cells, client, progress));
  return result;
}

}  // namespace gantry::job
