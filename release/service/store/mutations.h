#ifndef GANTRY_RELEASE_SERVICE_STORE_MUTATIONS_H_
#define GANTRY_RELEASE_SERVICE_STORE_MUTATIONS_H_

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "proto/cell.pb.h"
#include "proto/release_service.pb.h"
#include "release/service/store/cell_table.h"

namespace gantry::service {

// The methods of ReleaseService that change cells.  Each must run in a
// transaction that the caller rolls back on an error.  `request` must be valid
// (server/request_validation.h).  Errors and their details are those that
// proto/release.proto documents; `response` is valid only after OK.

absl::Status PlanCells(CellTable& table,
                       const release::v1::PlanCellsRequest& request,
                       absl::Time now,
                       release::v1::PlanCellsResponse& response);

absl::Status PublishPayload(CellTable& table,
                            const release::v1::PublishPayloadRequest& request,
                            absl::Time now, release::v1::Cell& response);

absl::Status ClaimCells(CellTable& table,
                        const release::v1::ClaimCellsRequest& request,
                        absl::Time now,
                        release::v1::ClaimCellsResponse& response);

absl::Status FailAttempt(CellTable& table,
                         const release::v1::FailAttemptRequest& request,
                         absl::Time now, release::v1::Cell& response);

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_STORE_MUTATIONS_H_
