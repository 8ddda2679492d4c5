#ifndef GANTRY_RELEASE_SERVICE_STORE_MUTATIONS_H_
#define GANTRY_RELEASE_SERVICE_STORE_MUTATIONS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "base/digest.h"
#include "base/status_macros.h"
#include "proto/cell.pb.h"
#include "proto/release_service.pb.h"
#include "release/service/rpc_status/error_details.h"
#include "release/service/store/cell_table.h"

namespace gantry::service {

// The methods of ReleaseService that change cells.  Each must run in a
// transaction that the caller rolls back on an error.  `request` must be valid
// (server/request_validation.h).  Errors and their details are those that
// proto/release_service.proto documents; `response` is valid only after OK.
// None remembers its response: see Once().

template <typename Request, typename Response>
using Mutation = absl::Status (*)(CellTable& table, const Request& request,
                                  absl::Time now, Response& response);

absl::Status PlanCells(CellTable& table,
                       const release::v1::PlanCellsRequest& request,
                       absl::Time now,
                       release::v1::PlanCellsResponse& response);

absl::Status RetireCells(CellTable& table,
                         const release::v1::RetireCellsRequest& request,
                         absl::Time now,
                         release::v1::RetireCellsResponse& response);

absl::Status RecordRevision(CellTable& table,
                            const release::v1::RecordRevisionRequest& request,
                            absl::Time now,
                            release::v1::RecordRevisionResponse& response);

absl::Status ClaimCells(CellTable& table,
                        const release::v1::ClaimCellsRequest& request,
                        absl::Time now,
                        release::v1::ClaimCellsResponse& response);

absl::Status RenewLeases(CellTable& table,
                         const release::v1::RenewLeasesRequest& request,
                         absl::Time now,
                         release::v1::RenewLeasesResponse& response);

absl::Status ReleaseLease(CellTable& table,
                          const release::v1::ReleaseLeaseRequest& request,
                          absl::Time now, release::v1::Cell& response);

absl::Status FailAttempt(CellTable& table,
                         const release::v1::FailAttemptRequest& request,
                         absl::Time now, release::v1::Cell& response);

absl::Status RetryCell(CellTable& table,
                       const release::v1::RetryCellRequest& request,
                       absl::Time now, release::v1::Cell& response);

// Runs `mutation`, unless a request with the same request_id was made before:
// then sets `response` to that one's.  INVALID_ARGUMENT: that request was
// another one.
template <typename Request, typename Response>
absl::Status Once(Mutation<Request, Response> mutation, CellTable& table,
                  const Request& request, absl::Time now, Response& response) {
  const std::string& id = request.request_id();
  if (id.empty()) return mutation(table, request, now, response);
  // Requests of different methods have different names.
  const std::string digest =
      Sha256Digest(request.GetTypeName() + "\n" + request.SerializeAsString());
  GANTRY_ASSIGN_OR_RETURN(const absl::optional<RecordedResponse> recorded,
                          table.FindResponse(id));
  if (recorded.has_value()) {
    if (recorded->digest != digest) {
      return InvalidFieldError("request_id", "belongs to another request");
    }
    return response.ParseFromString(recorded->response)
               ? absl::OkStatus()
               : absl::DataLossError("a recorded response does not parse");
  }
  GANTRY_RETURN_IF_ERROR(mutation(table, request, now, response));
  return table.PutResponse(id, {digest, response.SerializeAsString()}, now);
}

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_STORE_MUTATIONS_H_
