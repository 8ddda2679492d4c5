#include "release/service/store/mutations.h"

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "base/cell_name.h"
#include "base/proto_time.h"
#include "base/status_macros.h"
#include "google/protobuf/util/message_differencer.h"
#include "proto/cell_plan.pb.h"
#include "release/service/store/lifecycle.h"
#include "release/service/store/limits.h"

namespace gantry::service {
namespace {

using ::gantry::release::v1::Cell;
using ::google::protobuf::util::MessageDifferencer;

constexpr absl::Duration kDefaultLeaseDuration = absl::Hours(1);

absl::Status PutIfChanged(CellTable& table, const absl::optional<Cell>& before,
                          const Cell& after) {
  if (before.has_value() && MessageDifferencer::Equals(*before, after)) {
    return absl::OkStatus();
  }
  return table.Put(after);
}

// The claimable cells among those that the request names or, if it names none,
// among all; ordered by id.
absl::StatusOr<std::vector<Cell>> FindClaimable(
    CellTable& table, const release::v1::ClaimCellsRequest& request,
    absl::Time now, int limit) {
  if (request.ids().empty()) return table.ListClaimable(now, limit);
  std::vector<Cell> cells;
  for (const std::string& id :
       std::set<std::string>(request.ids().begin(), request.ids().end())) {
    if (static_cast<int>(cells.size()) == limit) break;
    GANTRY_ASSIGN_OR_RETURN(absl::optional<Cell> cell, table.Find(id));
    if (cell.has_value() && IsClaimable(*cell, now)) {
      cells.push_back(*std::move(cell));
    }
  }
  return cells;
}

}  // namespace

absl::Status PlanCells(CellTable& table,
                       const release::v1::PlanCellsRequest& request,
                       absl::Time now,
                       release::v1::PlanCellsResponse& response) {
  for (const release::v1::CellPlan& plan : request.plans()) {
    GANTRY_ASSIGN_OR_RETURN(const absl::optional<Cell> before,
                            table.Find(CellId(plan.coordinates())));
    Cell after = PlanCell(before, plan, now);
    GANTRY_RETURN_IF_ERROR(PutIfChanged(table, before, after));
    if (after.has_payload()) after.mutable_payload()->clear_proof();
    *response.add_cells() = std::move(after);
  }
  return absl::OkStatus();
}

absl::Status PublishPayload(CellTable& table,
                            const release::v1::PublishPayloadRequest& request,
                            absl::Time now, Cell& response) {
  GANTRY_ASSIGN_OR_RETURN(const absl::optional<Cell> before,
                          table.Find(CellId(request.coordinates())));
  GANTRY_ASSIGN_OR_RETURN(response, PublishCell(before, request, now));
  if (before.has_value() && before->has_payload()) return absl::OkStatus();
  GANTRY_RETURN_IF_ERROR(table.Put(response));
  return table.PutPayload(response);
}

absl::Status ClaimCells(CellTable& table,
                        const release::v1::ClaimCellsRequest& request,
                        absl::Time now,
                        release::v1::ClaimCellsResponse& response) {
  const absl::Duration lease = request.has_lease_duration()
                                   ? ToDuration(request.lease_duration())
                                   : kDefaultLeaseDuration;
  const int limit =
      request.max_cells() == 0 ? kMaxCellsPerCall : request.max_cells();
  GANTRY_ASSIGN_OR_RETURN(const std::vector<Cell> cells,
                          FindClaimable(table, request, now, limit));
  for (const Cell& cell : cells) {
    GANTRY_ASSIGN_OR_RETURN(const int64_t token, table.NextFencingToken());
    Cell claimed = ClaimCell(cell, request.worker(), token, now, lease);
    GANTRY_RETURN_IF_ERROR(table.Put(claimed));
    *response.add_cells() = std::move(claimed);
  }
  return absl::OkStatus();
}

absl::Status FailAttempt(CellTable& table,
                         const release::v1::FailAttemptRequest& request,
                         absl::Time now, Cell& response) {
  GANTRY_ASSIGN_OR_RETURN(const absl::optional<Cell> before,
                          table.Find(request.id()));
  GANTRY_ASSIGN_OR_RETURN(response, FailCell(before, request, now));
  return table.Put(response);
}

}  // namespace gantry::service
