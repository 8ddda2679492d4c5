#ifndef GANTRY_RELEASE_SERVICE_SERVER_REQUEST_VALIDATION_H_
#define GANTRY_RELEASE_SERVICE_SERVER_REQUEST_VALIDATION_H_

#include "absl/status/status.h"
#include "proto/release_service.pb.h"

namespace gantry::service {

// Checks a request against the limits that its proto documents (see also
// store/limits.h).  INVALID_ARGUMENT, with a BadRequest that names the field.

absl::Status ValidateRequest(const release::v1::PlanCellsRequest& request);
absl::Status ValidateRequest(const release::v1::PublishPayloadRequest& request);
absl::Status ValidateRequest(const release::v1::GetCellRequest& request);
absl::Status ValidateRequest(const release::v1::ListCellsRequest& request);
absl::Status ValidateRequest(const release::v1::ClaimCellsRequest& request);
absl::Status ValidateRequest(const release::v1::FailAttemptRequest& request);
absl::Status ValidateRequest(const release::v1::ResolveRequest& request);

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_SERVER_REQUEST_VALIDATION_H_
