#ifndef GANTRY_RELEASE_SERVICE_SERVER_REQUEST_VALIDATION_H_
#define GANTRY_RELEASE_SERVICE_SERVER_REQUEST_VALIDATION_H_

#include "absl/status/status.h"
#include "proto/release_service.pb.h"

namespace gantry::service {

// Checks a request against the limits that its proto documents (see also
// store/limits.h).  INVALID_ARGUMENT, with a BadRequest that names the field.

absl::Status ValidateRequest(const release::v1::PlanCellsRequest& request);
absl::Status ValidateRequest(const release::v1::RetireCellsRequest& request);
absl::Status ValidateRequest(const release::v1::RecordRevisionRequest& request);
absl::Status ValidateRequest(const release::v1::GetCellRequest& request);
absl::Status ValidateRequest(const release::v1::ListCellsRequest& request);
absl::Status ValidateRequest(const release::v1::ClaimCellsRequest& request);
absl::Status ValidateRequest(const release::v1::RenewLeasesRequest& request);
absl::Status ValidateRequest(const release::v1::ReleaseLeaseRequest& request);
absl::Status ValidateRequest(const release::v1::FailAttemptRequest& request);
absl::Status ValidateRequest(const release::v1::RetryCellRequest& request);
absl::Status ValidateRequest(const release::v1::ListRevisionsRequest& request);
absl::Status ValidateRequest(const release::v1::ListAttemptsRequest& request);
absl::Status ValidateRequest(const release::v1::ListEventsRequest& request);
absl::Status ValidateRequest(const release::v1::GetLogRequest& request);
absl::Status ValidateRequest(const release::v1::PutFragmentsRequest& request);
absl::Status ValidateRequest(const release::v1::GetFragmentsRequest& request);
absl::Status ValidateRequest(
    const release::v1::MoveChannelHeadRequest& request);
absl::Status ValidateRequest(
    const release::v1::ListChannelHeadsRequest& request);
absl::Status ValidateRequest(const release::v1::AcquireLeaseRequest& request);
absl::Status ValidateRequest(
    const release::v1::ReleaseNamedLeaseRequest& request);
absl::Status ValidateRequest(const release::v1::PruneRevisionRequest& request);
absl::Status ValidateRequest(const release::v1::PruneLogsRequest& request);
absl::Status ValidateRequest(const release::v1::ResolveRequest& request);

// Checks that a request names no file of one machine, which means nothing to
// the others that use the service.  INVALID_ARGUMENT, as above.
template <typename Request>
absl::Status ValidateForSharing(const Request&) {
  return absl::OkStatus();
}
absl::Status ValidateForSharing(
    const release::v1::RecordRevisionRequest& request);
absl::Status ValidateForSharing(const release::v1::FailAttemptRequest& request);

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_SERVER_REQUEST_VALIDATION_H_
