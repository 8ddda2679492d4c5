#ifndef GANTRY_RELEASE_SERVICE_STORE_LIFECYCLE_H_
#define GANTRY_RELEASE_SERVICE_STORE_LIFECYCLE_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "proto/cell.pb.h"
#include "proto/cell_plan.pb.h"
#include "proto/release_service.pb.h"

namespace gantry::service {

// The state transitions of a cell, as pure functions.  From the current cell
// (nullopt if it is unknown), a request and the time, each computes the new
// cell, or an error with the details that proto/release.proto documents.  A
// result equal to the current cell means that nothing changes.
//
//   PLANNED, FAILED -> EXCLUDED                     PlanCell with a reason
//   EXCLUDED -> PLANNED                             PlanCell without one
//   PLANNED, FAILED, expired BUILDING -> BUILDING   ClaimCell
//   BUILDING -> FAILED                              FailCell
//   all but EXCLUDED -> BUILT, which is final       PublishCell
//
// Requests must be valid (server/request_validation.h).

release::v1::Cell PlanCell(const absl::optional<release::v1::Cell>& cell,
                           const release::v1::CellPlan& plan, absl::Time now);

// Sets the payload's publish_time to `now`.
absl::StatusOr<release::v1::Cell> PublishCell(
    const absl::optional<release::v1::Cell>& cell,
    const release::v1::PublishPayloadRequest& request, absl::Time now);

// Whether a worker may claim the cell at `now`.
bool IsClaimable(const release::v1::Cell& cell, absl::Time now);

// Precondition: IsClaimable(cell, now).
release::v1::Cell ClaimCell(const release::v1::Cell& cell,
                            const std::string& worker, int64_t fencing_token,
                            absl::Time now, absl::Duration lease_duration);

absl::StatusOr<release::v1::Cell> FailCell(
    const absl::optional<release::v1::Cell>& cell,
    const release::v1::FailAttemptRequest& request, absl::Time now);

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_STORE_LIFECYCLE_H_
