#ifndef GANTRY_RELEASE_SERVICE_STORE_LIFECYCLE_H_
#define GANTRY_RELEASE_SERVICE_STORE_LIFECYCLE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "proto/cell.pb.h"
#include "proto/cell_plan.pb.h"
#include "proto/event.pb.h"
#include "proto/release_service.pb.h"
#include "proto/revision.pb.h"

namespace gantry::service {

// The state transitions of a cell, as pure functions.  From the current cell
// (nullopt if it is unknown), its revisions (newest first), a request and the
// time, each computes the event that changes it, or an error with the details
// that proto/release_service.proto documents.  nullopt: nothing changes.
//
//   any but BUILDING -> PLANNED or BUILT      PlanCell with another recipe
//   any -> EXCLUDED                           PlanCell with a reason
//   EXCLUDED, RETIRED -> PLANNED or BUILT     PlanCell without one
//   PLANNED, FAILED, BUILDING -> BUILDING     ClaimCell; see IsClaimable()
//   BUILDING -> FAILED                        FailCell, LoseLease
//   BUILDING -> PLANNED or BUILT              ReleaseCell; also FailCell and
//                                             LoseLease if another recipe is
//                                             wanted by now
//   FAILED, BLOCKED -> PLANNED                RetryCell
//   PLANNED -> BLOCKED -> PLANNED             BlockCell, UnblockCell
//   any but EXCLUDED -> BUILT or PLANNED      RecordRevision
//
// BUILT: the newest revision has the wanted recipe, and its image is kept.
// Requests must be valid (server/request_validation.h).  Events have neither
// actor nor request id.

absl::optional<release::v1::Event> PlanCell(
    const absl::optional<release::v1::Cell>& cell,
    const std::vector<release::v1::Revision>& revisions,
    const release::v1::CellPlan& plan, const std::string& plan_id,
    absl::Time now);

// FAILED_PRECONDITION (ErrorInfo EPOCH_BEHIND): an older checkout than that of
// the cell's recipe made the plan.
absl::Status CheckEpochs(const release::v1::Cell& cell,
                         const release::v1::CellPlan& plan);

// Takes the cell out of the channels; it is retired if it is in no other.
release::v1::Event RetireCell(const release::v1::Cell& cell,
                              const std::vector<std::string>& channels,
                              absl::Time now);

// Whether a worker may claim the cell at `now`.  `include_waiting` is as in
// ClaimCellsRequest.
bool IsClaimable(const release::v1::Cell& cell, absl::Time now,
                 bool include_waiting = false);

// Whether the cell has a lease that has expired at `now`.
bool IsLost(const release::v1::Cell& cell, absl::Time now);

// Ends an expired lease, as a failure of the infrastructure.  The cell may be
// claimed at once unless that parks it or another recipe, which is built, is
// wanted by now.
release::v1::Event LoseLease(
    const release::v1::Cell& cell,
    const std::vector<release::v1::Revision>& revisions, absl::Time now);

// Precondition: IsClaimable(), and not IsLost().
release::v1::Event ClaimCell(const release::v1::Cell& cell,
                             const std::string& worker, int64_t fencing_token,
                             absl::Time now, absl::Duration lease_duration);

absl::StatusOr<release::v1::Event> ReleaseCell(
    const release::v1::Cell& cell,
    const std::vector<release::v1::Revision>& revisions,
    const release::v1::ReleaseLeaseRequest& request, absl::Time now);

absl::StatusOr<release::v1::Event> FailCell(
    const release::v1::Cell& cell,
    const std::vector<release::v1::Revision>& revisions,
    const release::v1::FailAttemptRequest& request, absl::Time now);

// With its recipe the cell is never blocked again.
absl::optional<release::v1::Event> RetryCell(const release::v1::Cell& cell,
                                             absl::Time now);

// Only a planned cell changes.
absl::optional<release::v1::Event> BlockCell(const release::v1::Cell& cell,
                                             const std::string& reason,
                                             absl::Time now);

// Only a blocked cell changes.
absl::optional<release::v1::Event> UnblockCell(const release::v1::Cell& cell,
                                               absl::Time now);

// The first of `revisions` that has the request's recipe, but other content.
// Null if there is none.
const release::v1::Revision* FindContradiction(
    const absl::optional<release::v1::Cell>& cell,
    const std::vector<release::v1::Revision>& revisions,
    const release::v1::RecordRevisionRequest& request);

// Sets the payload's publish_time to `now`, and the demand to 0.  The event of
// a recipe that gave other content before is EVENT_KIND_IRREPRODUCIBLE.  A
// request with the token of the cell's lease, but without a recipe, is for the
// lease's.  A revision that was pruned and is built again is kept again if it
// has the same image; otherwise its content is the next revision.
absl::StatusOr<absl::optional<release::v1::Event>> RecordRevision(
    const absl::optional<release::v1::Cell>& cell,
    const std::vector<release::v1::Revision>& revisions,
    const release::v1::RecordRevisionRequest& request, absl::Time now);

// Gives up the image of revision `number`.  nullopt: it was pruned before.
// FAILED_PRECONDITION (ErrorInfo REVISION_IN_USE), NOT_FOUND: as PruneRevision
// of proto/release_service.proto documents them.  `is_in_head`: whether a
// channel's head has the cell's OS release.
absl::StatusOr<absl::optional<release::v1::Event>> PruneRevision(
    const release::v1::Cell& cell,
    const std::vector<release::v1::Revision>& revisions, int number,
    bool is_in_head, absl::Time now);

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_STORE_LIFECYCLE_H_
