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
#include "proto/attempt.pb.h"
#include "proto/cell_plan.pb.h"
#include "proto/event.pb.h"
#include "proto/revision.pb.h"
#include "release/service/store/heads.h"
#include "release/service/store/lease_duration.h"
#include "release/service/store/lifecycle.h"
#include "release/service/store/limits.h"
#include "release/service/store/sibling_update.h"

namespace gantry::service {
namespace {

using ::gantry::release::v1::Cell;
using ::gantry::release::v1::Event;
using ::gantry::release::v1::Revision;

absl::StatusOr<Cell> FindExisting(CellTable& table, const std::string& id) {
  GANTRY_ASSIGN_OR_RETURN(absl::optional<Cell> cell, table.Find(id));
  if (!cell.has_value()) return CellNotFoundError(id);
  return *std::move(cell);
}

// Appends the event, and returns its cell with the payload of `before`.
absl::StatusOr<Cell> AppendEvent(CellTable& table, Event event,
                                 const std::string& actor,
                                 const std::string& request_id,
                                 const Cell& before) {
  event.set_actor(actor);
  event.set_request_id(request_id);
  Cell after = event.cell();
  if (before.has_payload()) *after.mutable_payload() = before.payload();
  GANTRY_RETURN_IF_ERROR(table.Append(std::move(event)));
  return after;
}

// Leases a cell that can be claimed.  Returns nullopt if it had a lease whose
// loss has parked it, or left nothing to build.
absl::StatusOr<absl::optional<Cell>> Claim(
    CellTable& table, Cell cell, const release::v1::ClaimCellsRequest& request,
    absl::Time now) {
  if (IsLost(cell, now)) {
    GANTRY_ASSIGN_OR_RETURN(const std::vector<Revision> revisions,
                            table.ListRevisions(cell.id()));
    GANTRY_ASSIGN_OR_RETURN(
        cell, AppendEvent(table, LoseLease(cell, revisions, now),
                          cell.lease().worker(), request.request_id(), cell));
    GANTRY_RETURN_IF_ERROR(
        UpdateSiblings(table, {&cell}, request.request_id(), now));
    if (!IsClaimable(cell, now)) return absl::optional<Cell>();
  }
  GANTRY_ASSIGN_OR_RETURN(const int64_t token, table.NextFencingToken());
  GANTRY_ASSIGN_OR_RETURN(
      Cell claimed, AppendEvent(table,
                                ClaimCell(cell, request.worker(), token, now,
                                          LeaseDuration(request)),
                                request.worker(), request.request_id(), cell));
  return absl::make_optional(std::move(claimed));
}

ClaimFilter MakeFilter(const release::v1::ClaimCellsRequest& request,
                       absl::Time now) {
  ClaimFilter filter;
  filter.now = now;
  filter.include_waiting = request.include_waiting();
  filter.channels.assign(request.channels().begin(), request.channels().end());
  filter.epochs.assign(request.epochs().begin(), request.epochs().end());
  filter.architectures.assign(request.architectures().begin(),
                              request.architectures().end());
  return filter;
}

// The claimable cells that the request names, ordered by id.
absl::StatusOr<std::vector<Cell>> FindNamed(
    CellTable& table, const release::v1::ClaimCellsRequest& request,
    absl::Time now) {
  const ClaimFilter filter = MakeFilter(request, now);
  std::vector<Cell> cells;
  for (const std::string& id :
       std::set<std::string>(request.ids().begin(), request.ids().end())) {
    GANTRY_ASSIGN_OR_RETURN(absl::optional<Cell> cell, table.Find(id));
    if (cell.has_value() && Matches(filter, *cell) &&
        IsClaimable(*cell, now, request.include_waiting())) {
      cells.push_back(*std::move(cell));
    }
  }
  return cells;
}

bool SharesCompile(const Cell& a, const Cell& b) {
  return a.coordinates().version() == b.coordinates().version() &&
         a.coordinates().product() == b.coordinates().product() &&
         a.coordinates().flavour() == b.coordinates().flavour();
}

// The claimable cells, in the order in which they are to be claimed: each is
// followed by those that share its compile.
absl::StatusOr<std::vector<Cell>> FindNext(
    CellTable& table, const release::v1::ClaimCellsRequest& request,
    absl::Time now, int limit) {
  ClaimFilter filter = MakeFilter(request, now);
  GANTRY_ASSIGN_OR_RETURN(const std::vector<Cell> ordered,
                          table.ListClaimable(filter, limit));
  std::vector<Cell> cells;
  std::set<std::string> ids;
  for (const Cell& first : ordered) {
    if (ids.count(first.id()) != 0) continue;
    filter.os_release = first.coordinates().os_release();
    GANTRY_ASSIGN_OR_RETURN(const std::vector<Cell> of_release,
                            table.ListClaimable(filter, kMaxCellsPerCall));
    for (const Cell& cell : of_release) {
      if (static_cast<int>(cells.size()) == limit) return cells;
      if (SharesCompile(cell, first) && ids.insert(cell.id()).second) {
        cells.push_back(cell);
      }
    }
  }
  return cells;
}

}  // namespace

absl::Status PlanCells(CellTable& table,
                       const release::v1::PlanCellsRequest& request,
                       absl::Time now,
                       release::v1::PlanCellsResponse& response) {
  GANTRY_RETURN_IF_ERROR(CheckHeads(table, request.heads()));
  std::vector<Cell*> changed;
  for (const release::v1::CellPlan& plan : request.plans()) {
    const std::string id = CellId(plan.coordinates());
    GANTRY_ASSIGN_OR_RETURN(const absl::optional<Cell> before, table.Find(id));
    std::vector<Revision> revisions;
    if (before.has_value()) {
      GANTRY_RETURN_IF_ERROR(CheckEpochs(*before, plan));
    }
    if (before.has_value() && before->revision() != 0) {
      GANTRY_ASSIGN_OR_RETURN(revisions, table.ListRevisions(id));
    }
    // Compares cells without their payloads, which events lack.
    absl::optional<Cell> known = before;
    if (known.has_value()) known->clear_payload();
    absl::optional<Event> event =
        PlanCell(known, revisions, plan, request.plan_id(), now);
    Cell& after = *response.add_cells();
    if (event.has_value()) {
      GANTRY_ASSIGN_OR_RETURN(
          after, AppendEvent(table, *std::move(event), "", request.request_id(),
                             before.value_or(Cell())));
      changed.push_back(&after);
    } else {
      after = *before;
    }
    if (after.has_payload()) after.mutable_payload()->clear_proof();
  }
  return UpdateSiblings(table, changed, request.request_id(), now);
}

absl::Status RetireCells(CellTable& table,
                         const release::v1::RetireCellsRequest& request,
                         absl::Time now,
                         release::v1::RetireCellsResponse& response) {
  GANTRY_RETURN_IF_ERROR(CheckHeads(table, request.heads()));
  const std::vector<std::string> channels(request.channels().begin(),
                                          request.channels().end());
  GANTRY_ASSIGN_OR_RETURN(std::vector<Cell> cells,
                          table.ListNotInPlan(request.plan_id(), channels));
  std::vector<Cell*> changed;
  for (Cell& cell : cells) {
    changed.push_back(&cell);
    Event event = RetireCell(cell, channels, now);
    if (event.kind() == release::v1::EVENT_KIND_RETIRED) {
      response.add_ids(cell.id());
    }
    event.set_request_id(request.request_id());
    GANTRY_RETURN_IF_ERROR(table.Append(std::move(event)));
  }
  return UpdateSiblings(table, changed, request.request_id(), now);
}

absl::Status RecordRevision(CellTable& table,
                            const release::v1::RecordRevisionRequest& request,
                            absl::Time now,
                            release::v1::RecordRevisionResponse& response) {
  const std::string id = CellId(request.coordinates());
  GANTRY_ASSIGN_OR_RETURN(const absl::optional<Cell> before, table.Find(id));
  GANTRY_ASSIGN_OR_RETURN(const std::vector<Revision> revisions,
                          table.ListRevisions(id));
  GANTRY_ASSIGN_OR_RETURN(absl::optional<Event> event,
                          RecordRevision(before, revisions, request, now));
  response.set_outcome(release::v1::ATTEMPT_OUTCOME_BUILT);
  if (!event.has_value()) {
    *response.mutable_cell() = *before;
    response.set_revision(before->revision());
    return absl::OkStatus();
  }
  response.set_revision(event->revision().number());
  if (event->kind() == release::v1::EVENT_KIND_IRREPRODUCIBLE) {
    response.set_outcome(release::v1::ATTEMPT_OUTCOME_IRREPRODUCIBLE);
    response.set_revision(
        FindContradiction(before, revisions, request)->number());
  }
  const std::string actor = before.has_value() && request.fencing_token() != 0
                                ? before->lease().worker()
                                : "";
  Cell base = before.value_or(Cell());
  if (event->has_revision()) {
    *base.mutable_payload() = event->revision().payload();
  }
  GANTRY_ASSIGN_OR_RETURN(
      *response.mutable_cell(),
      AppendEvent(table, *std::move(event), actor, request.request_id(), base));
  return UpdateSiblings(table, {response.mutable_cell()}, request.request_id(),
                        now);
}

absl::Status ClaimCells(CellTable& table,
                        const release::v1::ClaimCellsRequest& request,
                        absl::Time now,
                        release::v1::ClaimCellsResponse& response) {
  const int limit =
      request.max_cells() == 0 ? kMaxCellsPerCall : request.max_cells();
  GANTRY_ASSIGN_OR_RETURN(std::vector<Cell> cells,
                          request.ids().empty()
                              ? FindNext(table, request, now, limit)
                              : FindNamed(table, request, now));
  for (Cell& cell : cells) {
    if (response.cells_size() == limit) break;
    GANTRY_ASSIGN_OR_RETURN(absl::optional<Cell> claimed,
                            Claim(table, std::move(cell), request, now));
    if (!claimed.has_value()) continue;
    if (claimed->has_payload()) claimed->mutable_payload()->clear_proof();
    *response.add_cells() = *std::move(claimed);
  }
  return absl::OkStatus();
}

absl::Status RenewLeases(CellTable& table,
                         const release::v1::RenewLeasesRequest& request,
                         absl::Time now,
                         release::v1::RenewLeasesResponse& response) {
  for (const release::v1::LeaseReference& lease : request.leases()) {
    GANTRY_ASSIGN_OR_RETURN(absl::optional<Cell> cell, table.Find(lease.id()));
    if (!cell.has_value() || !cell->has_lease() ||
        cell->lease().fencing_token() != lease.fencing_token()) {
      continue;
    }
    *cell->mutable_lease()->mutable_expire_time() =
        ToTimestamp(now + LeaseDuration(request));
    GANTRY_RETURN_IF_ERROR(table.PutUnlogged(*cell));
    *response.add_leases() = lease;
  }
  return absl::OkStatus();
}

absl::Status ReleaseLease(CellTable& table,
                          const release::v1::ReleaseLeaseRequest& request,
                          absl::Time now, Cell& response) {
  GANTRY_ASSIGN_OR_RETURN(const Cell before,
                          FindExisting(table, request.lease().id()));
  GANTRY_ASSIGN_OR_RETURN(const std::vector<Revision> revisions,
                          table.ListRevisions(before.id()));
  GANTRY_ASSIGN_OR_RETURN(Event event,
                          ReleaseCell(before, revisions, request, now));
  GANTRY_ASSIGN_OR_RETURN(
      response, AppendEvent(table, std::move(event), before.lease().worker(),
                            request.request_id(), before));
  return UpdateSiblings(table, {&response}, request.request_id(), now);
}

absl::Status FailAttempt(CellTable& table,
                         const release::v1::FailAttemptRequest& request,
                         absl::Time now, Cell& response) {
  GANTRY_ASSIGN_OR_RETURN(const Cell before,
                          FindExisting(table, request.lease().id()));
  GANTRY_ASSIGN_OR_RETURN(const std::vector<Revision> revisions,
                          table.ListRevisions(before.id()));
  GANTRY_ASSIGN_OR_RETURN(Event event,
                          FailCell(before, revisions, request, now));
  if (!request.log().empty()) {
    GANTRY_RETURN_IF_ERROR(
        table.PutLog(event.attempt().log_digest(), request.log(), now));
  }
  GANTRY_ASSIGN_OR_RETURN(
      response, AppendEvent(table, std::move(event), before.lease().worker(),
                            request.request_id(), before));
  return UpdateSiblings(table, {&response}, request.request_id(), now);
}

absl::Status RetryCell(CellTable& table,
                       const release::v1::RetryCellRequest& request,
                       absl::Time now, Cell& response) {
  GANTRY_ASSIGN_OR_RETURN(response, FindExisting(table, request.id()));
  absl::optional<Event> event = RetryCell(response, now);
  if (!event.has_value()) return absl::OkStatus();
  GANTRY_ASSIGN_OR_RETURN(
      response, AppendEvent(table, *std::move(event), "", request.request_id(),
                            response));
  return UpdateSiblings(table, {&response}, request.request_id(), now);
}

}  // namespace gantry::service
