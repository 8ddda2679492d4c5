#include "release/service/store/lifecycle.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/cell_name.h"
#include "base/proto_time.h"
#include "base/status_macros.h"
#include "google/protobuf/util/time_util.h"
#include "proto/coordinates.pb.h"
#include "proto/payload.pb.h"
#include "release/service/rpc_status/error_details.h"

namespace gantry::service {
namespace {

using ::gantry::cell::v1::CellCoordinates;
using ::gantry::release::v1::Cell;
using ::gantry::release::v1::CellPlan;
using ::gantry::release::v1::FailAttemptRequest;
using ::gantry::release::v1::Payload;
using ::gantry::release::v1::PublishPayloadRequest;
using ::google::protobuf::util::TimeUtil;

void SetState(Cell& cell, release::v1::CellState state, absl::Time now) {
  cell.set_state(state);
  *cell.mutable_update_time() = ToTimestamp(now);
}

// Replaces the coordinates, but keeps a known kernel release if the plan, which
// may precede it, has none.
void SetCoordinates(Cell& cell, const CellCoordinates& coordinates) {
  const std::string kernel_release = cell.coordinates().kernel_release();
  *cell.mutable_coordinates() = coordinates;
  if (coordinates.kernel_release().empty()) {
    cell.mutable_coordinates()->set_kernel_release(kernel_release);
  }
}

absl::Status StaleTokenError(const Cell& cell, int64_t token) {
  const int64_t newest = cell.lease().fencing_token();
  return WithErrorInfo(
      absl::FailedPreconditionError(absl::StrCat(
          "fencing token ", token, " of ", cell.id(), " is stale: ",
          cell.has_lease()
              ? absl::StrCat("the current lease, held by ",
                             cell.lease().worker(), ", has token ", newest)
              : absl::StrCat("the cell is in ",
                             release::v1::CellState_Name(cell.state()),
                             " and has no lease"))),
      "STALE_FENCING_TOKEN",
      {{"cell_id", cell.id()},
       {"fencing_token", absl::StrCat(token)},
       {"newest_fencing_token", absl::StrCat(newest)}});
}

absl::Status CheckToken(const Cell& cell, int64_t token) {
  if (cell.state() == release::v1::CELL_STATE_BUILDING &&
      cell.lease().fencing_token() == token) {
    return absl::OkStatus();
  }
  return StaleTokenError(cell, token);
}

// Checks that a request with this token may publish.
absl::Status CheckMayPublish(const Cell& cell, int64_t token, absl::Time now) {
  if (token != 0) return CheckToken(cell, token);
  if (cell.state() == release::v1::CELL_STATE_EXCLUDED) {
    return WithErrorInfo(absl::FailedPreconditionError(absl::StrCat(
                             cell.id(), " is excluded: ", cell.reason())),
                         "CELL_EXCLUDED", {{"cell_id", cell.id()}});
  }
  if (cell.state() != release::v1::CELL_STATE_BUILDING ||
      IsClaimable(cell, now)) {
    return absl::OkStatus();
  }
  const absl::Time expire_time = ToTime(cell.lease().expire_time());
  return WithRetryInfo(
      WithErrorInfo(
          absl::FailedPreconditionError(absl::StrCat(
              cell.id(), " is leased to ", cell.lease().worker(), " until ",
              TimeUtil::ToString(cell.lease().expire_time()))),
          "LEASE_HELD",
          {{"cell_id", cell.id()}, {"worker", cell.lease().worker()}}),
      expire_time - now);
}

absl::Status CheckProof(const PublishPayloadRequest& request) {
  const auto& proof = request.payload().proof();
  std::string why;
  if (!proof.accepted()) {
    why = proof.reason().empty() ? "no reason given" : proof.reason();
  } else if (proof.kernel_release() != request.coordinates().kernel_release()) {
    why = absl::StrCat("it is for kernel \"", proof.kernel_release(),
                       "\", not \"", request.coordinates().kernel_release(),
                       "\"");
  } else {
    return absl::OkStatus();
  }
  const std::string id = CellId(request.coordinates());
  return WithErrorInfo(absl::FailedPreconditionError(absl::StrCat(
                           "the proof of ", id, " is not accepted: ", why)),
                       "PROOF_NOT_ACCEPTED", {{"cell_id", id}});
}

// Publishing the same payload of a built cell again changes nothing.
absl::StatusOr<Cell> Republish(const Cell& cell,
                               const PublishPayloadRequest& request) {
  const std::string& recorded = cell.payload().digest();
  const std::string& refused = request.payload().digest();
  const std::string& kernel = cell.coordinates().kernel_release();
  if (recorded == refused && kernel == request.coordinates().kernel_release()) {
    return cell;
  }
  return WithErrorInfo(
      absl::AlreadyExistsError(
          absl::StrCat(cell.id(), " is already published as ", recorded,
                       " for kernel ", kernel, "; refused ", refused,
                       " for kernel ", request.coordinates().kernel_release())),
      "PAYLOAD_CONFLICT",
      {{"cell_id", cell.id()},
       {"recorded_digest", recorded},
       {"refused_digest", refused}});
}

}  // namespace

Cell PlanCell(const absl::optional<Cell>& cell, const CellPlan& plan,
              absl::Time now) {
  Cell planned = cell.value_or(Cell());
  planned.set_id(CellId(plan.coordinates()));
  planned.set_channel(plan.channel());
  const bool exclude = !plan.exclusion_reason().empty();
  switch (planned.state()) {
    case release::v1::CELL_STATE_BUILDING:
    case release::v1::CELL_STATE_BUILT:
      return planned;
    case release::v1::CELL_STATE_FAILED:
      if (!exclude) return planned;
      break;
    default:
      break;
  }
  SetCoordinates(planned, plan.coordinates());
  const auto state = exclude ? release::v1::CELL_STATE_EXCLUDED
                             : release::v1::CELL_STATE_PLANNED;
  planned.set_reason(plan.exclusion_reason());
  if (planned.state() != state) SetState(planned, state, now);
  return planned;
}

absl::StatusOr<Cell> PublishCell(const absl::optional<Cell>& cell,
                                 const PublishPayloadRequest& request,
                                 absl::Time now) {
  if (cell.has_value() && cell->state() == release::v1::CELL_STATE_BUILT) {
    return Republish(*cell, request);
  }
  GANTRY_RETURN_IF_ERROR(CheckProof(request));
  Cell built = cell.value_or(Cell());
  built.set_id(CellId(request.coordinates()));
  GANTRY_RETURN_IF_ERROR(CheckMayPublish(built, request.fencing_token(), now));
  *built.mutable_coordinates() = request.coordinates();
  if (!request.channel().empty()) built.set_channel(request.channel());
  built.clear_lease();
  built.clear_reason();
  built.clear_log_uri();
  *built.mutable_payload() = request.payload();
  *built.mutable_payload()->mutable_publish_time() = ToTimestamp(now);
  SetState(built, release::v1::CELL_STATE_BUILT, now);
  return built;
}

bool IsClaimable(const Cell& cell, absl::Time now) {
  switch (cell.state()) {
    case release::v1::CELL_STATE_PLANNED:
    case release::v1::CELL_STATE_FAILED:
      return true;
    case release::v1::CELL_STATE_BUILDING:
      return ToTime(cell.lease().expire_time()) <= now;
    default:
      return false;
  }
}

Cell ClaimCell(const Cell& cell, const std::string& worker,
               int64_t fencing_token, absl::Time now,
               absl::Duration lease_duration) {
  Cell building = cell;
  building.clear_reason();
  building.clear_log_uri();
  auto* lease = building.mutable_lease();
  lease->set_worker(worker);
  lease->set_fencing_token(fencing_token);
  *lease->mutable_start_time() = ToTimestamp(now);
  *lease->mutable_expire_time() = ToTimestamp(now + lease_duration);
  building.set_attempt_count(cell.attempt_count() + 1);
  SetState(building, release::v1::CELL_STATE_BUILDING, now);
  return building;
}

absl::StatusOr<Cell> FailCell(const absl::optional<Cell>& cell,
                              const FailAttemptRequest& request,
                              absl::Time now) {
  if (!cell.has_value()) return CellNotFoundError(request.id());
  GANTRY_RETURN_IF_ERROR(CheckToken(*cell, request.fencing_token()));
  Cell failed = *cell;
  failed.clear_lease();
  failed.set_reason(request.reason());
  failed.set_log_uri(request.log_uri());
  SetState(failed, release::v1::CELL_STATE_FAILED, now);
  return failed;
}

}  // namespace gantry::service
