#ifndef GANTRY_RELEASE_JOB_RECONCILE_H_
#define GANTRY_RELEASE_JOB_RECONCILE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/progress.h"
#include "proto/cell.pb.h"
#include "proto/publish_report.pb.h"
#include "release/publish/publisher.h"
#include "release/service/client/release_client.h"

namespace gantry::job {

// Makes a registry or an image layout equal to the records: every revision of
// every cell that is not pruned, its tag "<tag>-r<n>", and the tag "<tag>" of
// the newest one.  Images that are missing are copied from where they were
// recorded, or else from one of `sources`: repositories, or "oci:<directory>".
// A second run changes nothing.
//
// ABORTED: another process has the lease of the registry (RegistryLease); what
// was not done yet is left to it.  UNAVAILABLE: the service or the destination
// does not answer.
absl::StatusOr<release::v1::PublishReport> Reconcile(
    service::ReleaseClient& client, const publish::Destination& destination,
    const std::vector<std::string>& sources, Progress& progress);

// Publishes those of the cells to a registry whose newest revision was recorded
// elsewhere, such as in a layout before there was a registry, and tags them.
// Costs one request to the registry for each cell that was recorded elsewhere,
// and none for others.  Like a worker, it needs no lease: it only adds images,
// and sets tags to what is recorded.  Errors: as Reconcile(), except ABORTED.
absl::StatusOr<release::v1::PublishReport> PublishRecordedElsewhere(
    service::ReleaseClient& client, const std::vector<release::v1::Cell>& cells,
    const publish::Destination& registry, Progress& progress);

}  // namespace gantry::job

#endif  // GANTRY_RELEASE_JOB_RECONCILE_H_
