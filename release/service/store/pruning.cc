#include "release/service/store/pruning.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "base/proto_time.h"
#include "base/status_macros.h"
#include "proto/cell.pb.h"
#include "proto/channel_head.pb.h"
#include "proto/event.pb.h"
#include "release/service/rpc_status/error_details.h"
#include "release/service/store/lifecycle.h"

namespace gantry::service {
namespace {

using ::gantry::release::v1::Cell;
using ::gantry::release::v1::ChannelHead;
using ::gantry::release::v1::Event;
using ::gantry::release::v1::Revision;

absl::StatusOr<bool> IsInHead(CellTable& table, const std::string& os_release) {
  GANTRY_ASSIGN_OR_RETURN(const std::vector<ChannelHead> heads,
                          table.ListHeads());
  return std::any_of(heads.begin(), heads.end(), [&](const ChannelHead& head) {
    return std::any_of(
        head.releases().begin(), head.releases().end(),
        [&](const auto& release) { return release.name() == os_release; });
  });
}

}  // namespace

absl::Status PruneRevision(CellTable& table,
                           const release::v1::PruneRevisionRequest& request,
                           absl::Time now, Revision& response) {
  GANTRY_ASSIGN_OR_RETURN(const absl::optional<Cell> cell,
                          table.Find(request.id()));
  if (!cell.has_value()) return CellNotFoundError(request.id());
  GANTRY_ASSIGN_OR_RETURN(const std::vector<Revision> revisions,
                          table.ListRevisions(request.id()));
  GANTRY_ASSIGN_OR_RETURN(const bool is_in_head,
                          IsInHead(table, cell->coordinates().os_release()));
  GANTRY_ASSIGN_OR_RETURN(
      absl::optional<Event> event,
      PruneRevision(*cell, revisions, request.number(), is_in_head, now));
  if (event.has_value()) {
    response = event->revision();
    event->set_request_id(request.request_id());
    GANTRY_RETURN_IF_ERROR(table.Append(*std::move(event)));
  } else {
    // It was pruned before.
    response = *std::find_if(revisions.begin(), revisions.end(),
                             [&](const Revision& revision) {
                               return revision.number() == request.number();
                             });
  }
  response.mutable_payload()->clear_proof();
  return absl::OkStatus();
}

absl::Status PruneLogs(CellTable& table,
                       const release::v1::PruneLogsRequest& request, absl::Time,
                       release::v1::PruneLogsResponse& response) {
  GANTRY_ASSIGN_OR_RETURN(const int count,
                          table.DeleteLogs(ToTime(request.before_time())));
  response.set_count(count);
  return absl::OkStatus();
}

}  // namespace gantry::service
