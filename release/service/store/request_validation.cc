#include "release/service/store/request_validation.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/cell_name.h"
#include "base/digest.h"
#include "base/status_macros.h"
#include "release/service/rpc_status/error_details.h"

namespace gantry::service {
namespace {

constexpr size_t kMaxNameLength = 256;
constexpr size_t kMaxLineLength = 4096;
constexpr int kMaxClaims = 1000;
constexpr int64_t kMaxLeaseSeconds = 24 * 60 * 60;

// One line, which a terminal shows as it is.
absl::Status ValidateLine(absl::string_view field, absl::string_view value,
                          size_t max_length) {
  if (value.size() > max_length) {
    return InvalidFieldError(
        field, absl::StrCat("is longer than ", max_length, " bytes"));
  }
  if (std::any_of(value.begin(), value.end(),
                  [](char c) { return absl::ascii_iscntrl(c); })) {
    return InvalidFieldError(field, "holds a line end or control character");
  }
  return absl::OkStatus();
}

absl::Status ValidateRequiredLine(absl::string_view field,
                                  absl::string_view value, size_t max_length) {
  if (value.empty()) return InvalidFieldError(field, "is required");
  return ValidateLine(field, value, max_length);
}

absl::Status ValidateCoordinatesField(
    const cell::v1::CellCoordinates& coordinates) {
  if (absl::Status status = ValidateCoordinates(coordinates); !status.ok()) {
    return InvalidFieldError("coordinates", status.message());
  }
  return ValidateLine("coordinates.kernel_release",
                      coordinates.kernel_release(), kMaxNameLength);
}

absl::Status ValidatePayload(const release::v1::Payload& payload) {
  if (absl::Status status = ValidateDigest(payload.digest()); !status.ok()) {
    return InvalidFieldError("payload.digest", status.message());
  }
  GANTRY_RETURN_IF_ERROR(ValidateRequiredLine(
      "payload.reference", payload.reference(), kMaxLineLength));
  if (!absl::EndsWith(payload.reference(),
                      absl::StrCat("@", payload.digest()))) {
    return InvalidFieldError(
        "payload.reference",
        absl::StrCat("\"", payload.reference(), "\" does not end with @",
                     payload.digest()));
  }
  if (payload.total_size() < 0) {
    return InvalidFieldError("payload.total_size", "is negative");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ValidatePlan(const release::v1::CellPlan& plan) {
  GANTRY_RETURN_IF_ERROR(ValidateCoordinatesField(plan.coordinates()));
  GANTRY_RETURN_IF_ERROR(
      ValidateLine("channel", plan.channel(), kMaxNameLength));
  return ValidateLine("exclusion_reason", plan.exclusion_reason(),
                      kMaxLineLength);
}

absl::Status ValidatePublish(
    const release::v1::PublishPayloadRequest& request) {
  GANTRY_RETURN_IF_ERROR(ValidateCoordinatesField(request.coordinates()));
  GANTRY_RETURN_IF_ERROR(ValidateRequiredLine(
      "coordinates.kernel_release", request.coordinates().kernel_release(),
      kMaxNameLength));
  GANTRY_RETURN_IF_ERROR(
      ValidateLine("channel", request.channel(), kMaxNameLength));
  return ValidatePayload(request.payload());
}

absl::Status ValidateClaim(const release::v1::ClaimCellsRequest& request) {
  GANTRY_RETURN_IF_ERROR(
      ValidateRequiredLine("worker", request.worker(), kMaxNameLength));
  if (request.max_cells() < 0 || request.max_cells() > kMaxClaims) {
    return InvalidFieldError(
        "max_cells",
        absl::StrCat(request.max_cells(), " is not from 0 to ", kMaxClaims));
  }
  const auto& duration = request.lease_duration();
  if (request.has_lease_duration() &&
      (duration.seconds() < 1 || duration.nanos() < 0 ||
       duration.seconds() > kMaxLeaseSeconds ||
       (duration.seconds() == kMaxLeaseSeconds && duration.nanos() > 0))) {
    return InvalidFieldError(
        "lease_duration",
        absl::StrCat(duration.seconds(), " s is not from 1 s to 24 h"));
  }
  return absl::OkStatus();
}

absl::Status ValidateFailure(const release::v1::FailAttemptRequest& request) {
  GANTRY_RETURN_IF_ERROR(
      ValidateRequiredLine("reason", request.reason(), kMaxLineLength));
  return ValidateLine("log_uri", request.log_uri(), kMaxLineLength);
}

}  // namespace gantry::service
