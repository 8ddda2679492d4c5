#ifndef GANTRY_RELEASE_SERVICE_STORE_REQUEST_VALIDATION_H_
#define GANTRY_RELEASE_SERVICE_STORE_REQUEST_VALIDATION_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "proto/release.pb.h"

namespace gantry::service {

// Requests come from anywhere.  Each check gives OK or INVALID_ARGUMENT with a
// BadRequest that names the field.  Limits are those of proto/release.proto.

absl::Status ValidatePlan(const release::v1::CellPlan& plan);
absl::Status ValidatePublish(const release::v1::PublishPayloadRequest& request);
absl::Status ValidateClaim(const release::v1::ClaimCellsRequest& request);
absl::Status ValidateFailure(const release::v1::FailAttemptRequest& request);

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_STORE_REQUEST_VALIDATION_H_
