#ifndef GANTRY_RELEASE_SERVICE_RPC_STATUS_ERROR_DETAILS_H_
#define GANTRY_RELEASE_SERVICE_RPC_STATUS_ERROR_DETAILS_H_

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "google/rpc/error_details.pb.h"  // IWYU pragma: export

namespace gantry::service {

// Errors with google.rpc details.  A detail is stored as a payload of the
// absl::Status under its google.protobuf.Any type URL, so that it passes
// through code that does not know gRPC.

// ErrorInfo.domain of all errors of the release service.
inline constexpr absl::string_view kErrorDomain = "release.gantry";

// Returns INVALID_ARGUMENT "<field>: <description>" with a BadRequest.
absl::Status InvalidFieldError(absl::string_view field,
                               absl::string_view description);

// Returns NOT_FOUND "<description>" with a ResourceInfo.  `type` is the full
// name of a message.
absl::Status ResourceNotFoundError(absl::string_view type,
                                   absl::string_view name,
                                   absl::string_view description);

// The same for a cell.
absl::Status CellNotFoundError(absl::string_view cell_id);

// Adds an ErrorInfo to `status`.
absl::Status WithErrorInfo(absl::Status status, absl::string_view reason,
                           const std::map<std::string, std::string>& metadata);

// Adds a RetryInfo to `status`.
absl::Status WithRetryInfo(absl::Status status, absl::Duration delay);

// Returns the detail of this type, or nullopt if `status` has none.
template <typename Detail>
absl::optional<Detail> GetDetail(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(
      absl::StrCat("type.googleapis.com/", Detail::descriptor()->full_name()));
  Detail detail;
  if (!payload.has_value() || !detail.ParseFromString(std::string(*payload))) {
    return absl::nullopt;
  }
  return detail;
}

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_RPC_STATUS_ERROR_DETAILS_H_
