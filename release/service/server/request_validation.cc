#include "release/service/server/request_validation.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/cell_name.h"
#include "base/digest.h"
#include "base/proto_time.h"
#include "base/status_macros.h"
#include "google/protobuf/duration.pb.h"
#include "proto/cell.pb.h"
#include "proto/cell_plan.pb.h"
#include "proto/coordinates.pb.h"
#include "proto/payload.pb.h"
#include "release/service/rpc_status/error_details.h"
#include "release/service/store/limits.h"

namespace gantry::service {
namespace {

// Proofs boot for minutes at most; a longer duration is a publisher's error.
constexpr absl::Duration kMaxBootDuration = absl::Hours(24);

absl::Status ValidateLine(absl::string_view field, absl::string_view value,
                          size_t max_bytes) {
  if (value.size() > max_bytes) {
    return InvalidFieldError(
        field, absl::StrCat("is ", value.size(), " bytes long; the limit is ",
                            max_bytes));
  }
  if (std::any_of(value.begin(), value.end(),
                  [](char c) { return absl::ascii_iscntrl(c); })) {
    return InvalidFieldError(field,
                             "contains a line break or control character");
  }
  return absl::OkStatus();
}

absl::Status ValidateRequiredLine(absl::string_view field,
                                  absl::string_view value, size_t max_bytes) {
  if (value.empty()) return InvalidFieldError(field, "is required");
  return ValidateLine(field, value, max_bytes);
}

absl::Status ValidateSize(absl::string_view field,
                          const google::protobuf::Message& message,
                          size_t max_bytes) {
  if (message.ByteSizeLong() <= max_bytes) return absl::OkStatus();
  return InvalidFieldError(
      field, absl::StrCat("is ", message.ByteSizeLong(),
                          " bytes long; the limit is ", max_bytes));
}

absl::Status ValidateCount(absl::string_view field, int count, int min) {
  if (count >= min && count <= kMaxCellsPerCall) return absl::OkStatus();
  return InvalidFieldError(field, absl::StrCat(count, " is not from ", min,
                                               " to ", kMaxCellsPerCall));
}

absl::Status ValidateDuration(absl::string_view field,
                              const google::protobuf::Duration& duration,
                              absl::Duration min, absl::Duration max) {
  if (duration.nanos() >= 0 && duration.nanos() < 1'000'000'000 &&
      ToDuration(duration) >= min && ToDuration(duration) <= max) {
    return absl::OkStatus();
  }
  return InvalidFieldError(
      field, absl::StrCat(absl::FormatDuration(ToDuration(duration)),
                          " is not from ", absl::FormatDuration(min), " to ",
                          absl::FormatDuration(max)));
}

// Checks the size first, because later errors quote the value.
absl::Status ValidateCoordinatesField(
    absl::string_view field, const cell::v1::CellCoordinates& coordinates) {
  GANTRY_RETURN_IF_ERROR(
      ValidateSize(field, coordinates, kMaxCoordinatesBytes));
  if (absl::Status status = ValidateCoordinates(coordinates); !status.ok()) {
    return InvalidFieldError(field, status.message());
  }
  return ValidateLine(absl::StrCat(field, ".kernel_release"),
                      coordinates.kernel_release(), kMaxNameBytes);
}

absl::Status ValidatePayload(const release::v1::Payload& payload) {
  GANTRY_RETURN_IF_ERROR(ValidateSize("payload", payload, kMaxPayloadBytes));
  if (absl::Status status = ValidateDigest(payload.digest()); !status.ok()) {
    return InvalidFieldError("payload.digest", status.message());
  }
  GANTRY_RETURN_IF_ERROR(ValidateRequiredLine(
      "payload.reference", payload.reference(), kMaxLineBytes));
  if (!absl::EndsWith(payload.reference(),
                      absl::StrCat("@", payload.digest()))) {
    return InvalidFieldError(
        "payload.reference",
        absl::StrCat("does not end with \"@", payload.digest(), "\""));
  }
  if (payload.total_size() < 0) {
    return InvalidFieldError("payload.total_size", "is negative");
  }
  return ValidateDuration("payload.proof.boot_duration",
                          payload.proof().boot_duration(), absl::ZeroDuration(),
                          kMaxBootDuration);
}

absl::Status ValidatePlan(absl::string_view field,
                          const release::v1::CellPlan& plan) {
  GANTRY_RETURN_IF_ERROR(ValidateCoordinatesField(
      absl::StrCat(field, ".coordinates"), plan.coordinates()));
  GANTRY_RETURN_IF_ERROR(ValidateLine(absl::StrCat(field, ".channel"),
                                      plan.channel(), kMaxNameBytes));
  return ValidateLine(absl::StrCat(field, ".exclusion_reason"),
                      plan.exclusion_reason(), kMaxLineBytes);
}

}  // namespace

absl::Status ValidateRequest(const release::v1::PlanCellsRequest& request) {
  GANTRY_RETURN_IF_ERROR(ValidateCount("plans", request.plans_size(), 1));
  for (int i = 0; i < request.plans_size(); ++i) {
    GANTRY_RETURN_IF_ERROR(
        ValidatePlan(absl::StrCat("plans[", i, "]"), request.plans(i)));
  }
  return absl::OkStatus();
}

absl::Status ValidateRequest(
    const release::v1::PublishPayloadRequest& request) {
  GANTRY_RETURN_IF_ERROR(
      ValidateCoordinatesField("coordinates", request.coordinates()));
  GANTRY_RETURN_IF_ERROR(ValidateRequiredLine(
      "coordinates.kernel_release", request.coordinates().kernel_release(),
      kMaxNameBytes));
  GANTRY_RETURN_IF_ERROR(
      ValidateLine("channel", request.channel(), kMaxNameBytes));
  return ValidatePayload(request.payload());
}

absl::Status ValidateRequest(const release::v1::GetCellRequest& request) {
  return ValidateLine("id", request.id(), kMaxIdBytes);
}

absl::Status ValidateRequest(const release::v1::ListCellsRequest& request) {
  GANTRY_RETURN_IF_ERROR(
      ValidateLine("channel", request.channel(), kMaxNameBytes));
  GANTRY_RETURN_IF_ERROR(
      ValidateLine("os_release", request.os_release(), kMaxIdBytes));
  GANTRY_RETURN_IF_ERROR(
      ValidateLine("driver_version", request.driver_version(), kMaxIdBytes));
  GANTRY_RETURN_IF_ERROR(
      ValidateLine("cuda_version", request.cuda_version(), kMaxIdBytes));
  for (int state : request.states()) {
    if (!release::v1::CellState_IsValid(state) ||
        state == release::v1::CELL_STATE_UNSPECIFIED) {
      return InvalidFieldError("states",
                               absl::StrCat(state, " is not a cell state"));
    }
  }
  return ValidateCount("page_size", request.page_size(), 0);
}

absl::Status ValidateRequest(const release::v1::ClaimCellsRequest& request) {
  GANTRY_RETURN_IF_ERROR(
      ValidateRequiredLine("worker", request.worker(), kMaxNameBytes));
  GANTRY_RETURN_IF_ERROR(ValidateCount("ids", request.ids_size(), 0));
  for (int i = 0; i < request.ids_size(); ++i) {
    GANTRY_RETURN_IF_ERROR(ValidateLine(absl::StrCat("ids[", i, "]"),
                                        request.ids(i), kMaxIdBytes));
  }
  GANTRY_RETURN_IF_ERROR(ValidateCount("max_cells", request.max_cells(), 0));
  if (!request.has_lease_duration()) return absl::OkStatus();
  return ValidateDuration("lease_duration", request.lease_duration(),
                          kMinLeaseDuration, kMaxLeaseDuration);
}

absl::Status ValidateRequest(const release::v1::FailAttemptRequest& request) {
  GANTRY_RETURN_IF_ERROR(ValidateLine("id", request.id(), kMaxIdBytes));
  GANTRY_RETURN_IF_ERROR(
      ValidateRequiredLine("reason", request.reason(), kMaxLineBytes));
  return ValidateLine("log_uri", request.log_uri(), kMaxLineBytes);
}

absl::Status ValidateRequest(const release::v1::ResolveRequest& request) {
  GANTRY_RETURN_IF_ERROR(
      ValidateRequiredLine("os_release", request.os_release(), kMaxIdBytes));
  GANTRY_RETURN_IF_ERROR(
      ValidateLine("kernel_release", request.kernel_release(), kMaxNameBytes));
  GANTRY_RETURN_IF_ERROR(
      ValidateLine("gpu_device_id", request.gpu_device_id(), kMaxNameBytes));
  GANTRY_RETURN_IF_ERROR(
      ValidateLine("driver_version", request.driver_version(), kMaxIdBytes));
  return ValidateLine("cuda_version", request.cuda_version(), kMaxIdBytes);
}

}  // namespace gantry::service
