#ifndef GANTRY_RELEASE_JOB_WORKER_H_
#define GANTRY_RELEASE_JOB_WORKER_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "base/progress.h"
#include "base/state_dir.h"
#include "proto/attempt.pb.h"
#include "proto/cell.pb.h"
#include "proto/release_service.pb.h"
#include "release/job/build_cells.h"
#include "release/job/build_events.h"
#include "release/job/cell_outputs.h"
#include "release/job/lease_keeper.h"
#include "release/publish/publisher.h"
#include "release/service/client/release_client.h"

namespace gantry::job {

struct WorkerOptions : BuildOptions {
  // Repository to publish to; empty: the state directory's OCI layout.
  std::string registry;
  // Whether others use the release service too: paths on this machine mean
  // nothing to them, so that they are not recorded.
  bool is_service_shared = true;
  // Cells that one build command builds, at most; 0: all that can be claimed.
  int batch = 0;
  // Leases are renewed while cells are built; those of a worker that was killed
  // elsewhere block its cells for so long.
  absl::Duration lease_duration = absl::Minutes(10);
};

// Claims cells of a release service, builds and proves them, and publishes,
// records and tags each as soon as it is built.  A cell that cannot be built is
// recorded as failed, with the reason, and does not affect the others.  All
// that it needs to know of a cell comes from the service.
class Worker {
 public:
  // All must outlive this object.
  Worker(const WorkerOptions& options, const StateDir& state, std::string name,
         service::ReleaseClient& client, Progress& progress);

  // Releases the leases of an earlier worker with this name that was killed.
  absl::Status ReleaseStaleLeases();

  // Claims what the request asks for: worker, number of cells, duration, epochs
  // and architectures are set here.  Returns the cells that were claimed, after
  // their build; none: nothing can be claimed.  Errors: UNAVAILABLE if the
  // service cannot be reached, and those of publishing.
  absl::StatusOr<std::vector<release::v1::Cell>> Work(
      release::v1::ClaimCellsRequest request);

  // Sets the tags that could not be set when their cells were recorded. Returns
  // the first error.
  absl::Status SetMissingTags();

  // How many cells this worker has built and failed to build.
  int built_count() const { return built_count_; }
  int failed_count() const { return failed_count_; }

 private:
  absl::Status BuildAndRecord(const std::vector<release::v1::Cell>& cells);
  absl::Status Record(const release::v1::Cell& cell, const BuiltTarget& target,
                      const std::string& execution_root);
  absl::StatusOr<release::v1::RecordRevisionRequest> Publish(
      const release::v1::Cell& cell, const CellOutputs& outputs,
      const std::string& execution_root);
  absl::Status RecordUnbuilt(const release::v1::Cell& cell,
                             const absl::StatusOr<BuildEvents>& events);
  absl::Status RecordFailure(const release::v1::Cell& cell,
                             const release::v1::Failure& failure,
                             const std::string& log_path);
  absl::Status Release(const release::v1::Cell& cell,
                       const std::string& reason);

  const WorkerOptions& options_;
  const StateDir& state_;
  const std::string name_;
  service::ReleaseClient& client_;
  Progress& progress_;
  publish::Destination destination_;
  // Newest recorded revisions whose tags are still to be set, by cell id.
  std::map<std::string, int> untagged_;
  int built_count_ = 0;
  int failed_count_ = 0;
  // While cells are built.
  absl::optional<LeaseKeeper> leases_;
};

}  // namespace gantry::job

#endif  // GANTRY_RELEASE_JOB_WORKER_H_
