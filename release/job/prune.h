#ifndef GANTRY_RELEASE_JOB_PRUNE_H_
#define GANTRY_RELEASE_JOB_PRUNE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/progress.h"
#include "proto/matrix.pb.h"
#include "proto/publish_report.pb.h"
#include "release/publish/publisher.h"
#include "release/service/client/release_client.h"

namespace gantry::job {

struct PruneOptions {
  matrix::v1::Retention policy;
  // See publish::InputLocation(); empty: inputs are not pruned.
  std::string inputs;
  // Report what would be removed.
  bool dry_run = false;
  // What ages are measured from.
  absl::Time now;
};

// Removes what the policy does not keep: gives up revisions at the service, so
// that no node is offered them from then on, deletes the images of these and of
// all earlier pruned revisions from the destination, with their tags, and
// deletes old logs and inputs.  May be interrupted at any time; the next run
// completes it.
//
// An image stays while another revision that is kept has it, or while its cell
// is being built: the worker may be about to record the same image again.
//
// ABORTED: as Reconcile().  FAILED_PRECONDITION: the registry does not permit
// deleting images; the revisions are given up nevertheless.  UNAVAILABLE: the
// service or the destination does not answer.
absl::StatusOr<release::v1::PruneReport> Prune(
    service::ReleaseClient& client, const publish::Destination& destination,
    const PruneOptions& options, Progress& progress);

}  // namespace gantry::job

#endif  // GANTRY_RELEASE_JOB_PRUNE_H_
