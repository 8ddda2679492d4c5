#include "release/service/server/release_service.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "base/status_macros.h"
#include "proto/attempt.pb.h"
#include "proto/event.pb.h"
#include "proto/fragment.pb.h"
#include "proto/no_payload.pb.h"
#include "proto/release_service.pb.h"
#include "proto/revision.pb.h"
#include "release/service/resolve/resolve.h"
#include "release/service/rpc_status/error_details.h"
#include "release/service/rpc_status/rpc_status.h"
#include "release/service/server/page_token.h"
#include "release/service/server/request_validation.h"
#include "release/service/store/cell_table.h"
#include "release/service/store/fragments.h"
#include "release/service/store/heads.h"
#include "release/service/store/limits.h"
#include "release/service/store/mutations.h"
#include "release/service/store/named_leases.h"
#include "release/service/store/pruning.h"

namespace gantry::service {
namespace {

using ::gantry::release::v1::Attempt;
using ::gantry::release::v1::Cell;
using ::gantry::release::v1::ChannelHead;
using ::gantry::release::v1::Event;
using ::gantry::release::v1::Fragment;
using ::gantry::release::v1::NoPayload;
using ::gantry::release::v1::Revision;

constexpr int kDefaultPageSize = 100;

absl::Status DrainingError() {
  return WithRetryInfo(
      WithErrorInfo(absl::UnavailableError("the service is shutting down"),
                    "DRAINING", {}),
      absl::Seconds(1));
}

// "PlanCells" for PlanCellsRequest.
template <typename Request>
absl::string_view RpcOf() {
  return absl::StripSuffix(Request::descriptor()->name(), "Request");
}

absl::StatusOr<Principal> Identify(const grpc::CallbackServerContext& context,
                                   Authenticator& authenticator) {
  absl::string_view authorization;
  const auto found = context.client_metadata().find("authorization");
  if (found != context.client_metadata().end()) {
    authorization =
        absl::string_view(found->second.data(), found->second.size());
  }
  std::vector<std::string> names;
  const auto peer = context.auth_context();
  if (peer != nullptr && peer->IsPeerAuthenticated()) {
    for (const grpc::string_ref& name : peer->GetPeerIdentity()) {
      names.emplace_back(name.data(), name.size());
    }
  }
  return authenticator.Authenticate(authorization, names);
}

// Whether the node gets a payload once the nearest cell is built.
bool IsWaitedFor(const NoPayload& none) {
  return none.cause() == NoPayload::CAUSE_PLANNED ||
         none.cause() == NoPayload::CAUSE_BUILDING ||
         none.cause() == NoPayload::CAUSE_FAILED;
}

CellFilter MakeFilter(const release::v1::ListCellsRequest& request) {
  CellFilter filter;
  filter.channel = request.channel();
  filter.os_release = request.os_release();
  filter.driver_version = request.driver_version();
  filter.cuda_version = request.cuda_version();
  for (int state : request.states()) {
    filter.states.push_back(static_cast<release::v1::CellState>(state));
  }
  return filter;
}

}  // namespace

template <typename Request>
absl::StatusOr<std::string> ReleaseService::Admit(const Context& context,
                                                  const Request& request) {
  Principal principal;
  if (authenticator_ != nullptr) {
    GANTRY_ASSIGN_OR_RETURN(principal, Identify(context, *authenticator_));
    GANTRY_RETURN_IF_ERROR(
        Authenticator::Authorize(principal, RpcOf<Request>()));
  }
  GANTRY_RETURN_IF_ERROR(ValidateRequest(request));
  if (is_shared_) GANTRY_RETURN_IF_ERROR(ValidateForSharing(request));
  if (!gate_.Enter()) return DrainingError();
  return std::move(principal.name);
}

template <typename Request, typename Response>
grpc::ServerUnaryReactor* ReleaseService::Read(
    Context* context, const Request* request, Response* response,
    absl::Status (ReleaseService::*read)(const Request&, Response&)) {
  Reactor* const reactor = context->DefaultReactor();
  if (const auto caller = Admit(*context, *request); !caller.ok()) {
    reactor->Finish(ToGrpcStatus(caller.status()));
    return reactor;
  }
  reactor->Finish(ToGrpcStatus((this->*read)(*request, *response)));
  gate_.Leave();
  return reactor;
}

template <typename Request, typename Response, typename Run>
grpc::ServerUnaryReactor* ReleaseService::Write(Context* context,
                                                const Request* request,
                                                Response* response, Run run) {
  Reactor* const reactor = context->DefaultReactor();
  auto caller = Admit(*context, *request);
  if (!caller.ok()) {
    reactor->Finish(ToGrpcStatus(caller.status()));
    return reactor;
  }
  store_.Write(
      [=, caller = *std::move(caller)](CellTable& table,
                                       absl::Time now) -> absl::Status {
        if (context->IsCancelled()) {
          return absl::CancelledError("canceled by the caller");
        }
        table.set_actor(caller);
        const absl::Status status = run(table, *request, now, *response);
        table.set_actor("");
        return status;
      },
      [this, reactor](const absl::Status& status) {
        reactor->Finish(ToGrpcStatus(status));
        gate_.Leave();
      });
  return reactor;
}

template <typename Request, typename Response>
grpc::ServerUnaryReactor* ReleaseService::WriteOnce(
    Context* context, const Request* request, Response* response,
    Mutation<Request, Response> mutation) {
  return Write(context, request, response,
               [mutation](CellTable& table, const Request& request,
                          absl::Time now, Response& response) {
                 return Once(mutation, table, request, now, response);
               });
}

grpc::ServerUnaryReactor* ReleaseService::PlanCells(
    Context* context, const release::v1::PlanCellsRequest* request,
    release::v1::PlanCellsResponse* response) {
  return WriteOnce(context, request, response, service::PlanCells);
}

grpc::ServerUnaryReactor* ReleaseService::RetireCells(
    Context* context, const release::v1::RetireCellsRequest* request,
    release::v1::RetireCellsResponse* response) {
  return WriteOnce(context, request, response, service::RetireCells);
}

grpc::ServerUnaryReactor* ReleaseService::RecordRevision(
    Context* context, const release::v1::RecordRevisionRequest* request,
    release::v1::RecordRevisionResponse* response) {
  return WriteOnce(context, request, response, service::RecordRevision);
}

grpc::ServerUnaryReactor* ReleaseService::ClaimCells(
    Context* context, const release::v1::ClaimCellsRequest* request,
    release::v1::ClaimCellsResponse* response) {
  return WriteOnce(context, request, response, service::ClaimCells);
}

grpc::ServerUnaryReactor* ReleaseService::RenewLeases(
    Context* context, const release::v1::RenewLeasesRequest* request,
    release::v1::RenewLeasesResponse* response) {
  return Write(context, request, response, service::RenewLeases);
}

grpc::ServerUnaryReactor* ReleaseService::ReleaseLease(
    Context* context, const release::v1::ReleaseLeaseRequest* request,
    Cell* response) {
  return WriteOnce(context, request, response, service::ReleaseLease);
}

grpc::ServerUnaryReactor* ReleaseService::FailAttempt(
    Context* context, const release::v1::FailAttemptRequest* request,
    Cell* response) {
  return WriteOnce(context, request, response, service::FailAttempt);
}

grpc::ServerUnaryReactor* ReleaseService::RetryCell(
    Context* context, const release::v1::RetryCellRequest* request,
    Cell* response) {
  return WriteOnce(context, request, response, service::RetryCell);
}

grpc::ServerUnaryReactor* ReleaseService::GetCell(
    Context* context, const release::v1::GetCellRequest* request,
    Cell* response) {
  return Read(context, request, response, &ReleaseService::ReadCell);
}

grpc::ServerUnaryReactor* ReleaseService::ListCells(
    Context* context, const release::v1::ListCellsRequest* request,
    release::v1::ListCellsResponse* response) {
  return Read(context, request, response, &ReleaseService::ReadPage);
}

grpc::ServerUnaryReactor* ReleaseService::ListRevisions(
    Context* context, const release::v1::ListRevisionsRequest* request,
    release::v1::ListRevisionsResponse* response) {
  return Read(context, request, response, &ReleaseService::ReadRevisions);
}

grpc::ServerUnaryReactor* ReleaseService::ListAttempts(
    Context* context, const release::v1::ListAttemptsRequest* request,
    release::v1::ListAttemptsResponse* response) {
  return Read(context, request, response, &ReleaseService::ReadAttempts);
}

grpc::ServerUnaryReactor* ReleaseService::ListEvents(
    Context* context, const release::v1::ListEventsRequest* request,
    release::v1::ListEventsResponse* response) {
  return Read(context, request, response, &ReleaseService::ReadEvents);
}

grpc::ServerUnaryReactor* ReleaseService::GetLog(
    Context* context, const release::v1::GetLogRequest* request,
    release::v1::GetLogResponse* response) {
  return Read(context, request, response, &ReleaseService::ReadLog);
}

grpc::ServerUnaryReactor* ReleaseService::PutFragments(
    Context* context, const release::v1::PutFragmentsRequest* request,
    release::v1::PutFragmentsResponse* response) {
  return WriteOnce(context, request, response, service::PutFragments);
}

grpc::ServerUnaryReactor* ReleaseService::GetFragments(
    Context* context, const release::v1::GetFragmentsRequest* request,
    release::v1::GetFragmentsResponse* response) {
  return Read(context, request, response, &ReleaseService::ReadFragments);
}

grpc::ServerUnaryReactor* ReleaseService::MoveChannelHead(
    Context* context, const release::v1::MoveChannelHeadRequest* request,
    ChannelHead* response) {
  return WriteOnce(context, request, response, service::MoveChannelHead);
}

grpc::ServerUnaryReactor* ReleaseService::ListChannelHeads(
    Context* context, const release::v1::ListChannelHeadsRequest* request,
    release::v1::ListChannelHeadsResponse* response) {
  return Read(context, request, response, &ReleaseService::ReadHeads);
}

grpc::ServerUnaryReactor* ReleaseService::AcquireLease(
    Context* context, const release::v1::AcquireLeaseRequest* request,
    release::v1::NamedLease* response) {
  return Write(context, request, response, service::AcquireLease);
}

grpc::ServerUnaryReactor* ReleaseService::ReleaseNamedLease(
    Context* context, const release::v1::ReleaseNamedLeaseRequest* request,
    release::v1::ReleaseNamedLeaseResponse* response) {
  return Write(context, request, response, service::ReleaseNamedLease);
}

grpc::ServerUnaryReactor* ReleaseService::PruneRevision(
    Context* context, const release::v1::PruneRevisionRequest* request,
    Revision* response) {
  return WriteOnce(context, request, response, service::PruneRevision);
}

grpc::ServerUnaryReactor* ReleaseService::PruneLogs(
    Context* context, const release::v1::PruneLogsRequest* request,
    release::v1::PruneLogsResponse* response) {
  return WriteOnce(context, request, response, service::PruneLogs);
}

grpc::ServerUnaryReactor* ReleaseService::Resolve(
    Context* context, const release::v1::ResolveRequest* request,
    release::v1::ResolveResponse* response) {
  return Read(context, request, response, &ReleaseService::ReadPayload);
}

absl::Status ReleaseService::ReadCell(
    const release::v1::GetCellRequest& request, Cell& response) {
  GANTRY_ASSIGN_OR_RETURN(response, store_.Get(request.id()));
  return absl::OkStatus();
}

absl::Status ReleaseService::ReadPage(
    const release::v1::ListCellsRequest& request,
    release::v1::ListCellsResponse& response) {
  const int page_size =
      request.page_size() == 0 ? kDefaultPageSize : request.page_size();
  GANTRY_ASSIGN_OR_RETURN(const std::string after_id, ParsePageToken(request));
  // One more cell than the page holds shows whether there is another page.
  GANTRY_ASSIGN_OR_RETURN(
      std::vector<Cell> cells,
      store_.List(MakeFilter(request), after_id, page_size + 1, kMaxPageBytes));
  size_t bytes = 0;
  for (const Cell& cell : cells) bytes += cell.ByteSizeLong();
  const bool full = static_cast<int>(cells.size()) > page_size;
  if (full) cells.pop_back();
  if (full || bytes >= kMaxPageBytes) {
    response.set_next_page_token(MakePageToken(request, cells.back().id()));
  }
  for (Cell& cell : cells) *response.add_cells() = std::move(cell);
  return absl::OkStatus();
}

absl::Status ReleaseService::ReadRevisions(
    const release::v1::ListRevisionsRequest& request,
    release::v1::ListRevisionsResponse& response) {
  GANTRY_ASSIGN_OR_RETURN(std::vector<Revision> revisions,
                          store_.ListRevisions(request.id()));
  for (Revision& revision : revisions) {
    revision.mutable_payload()->clear_proof();
    *response.add_revisions() = std::move(revision);
  }
  return absl::OkStatus();
}

absl::Status ReleaseService::ReadAttempts(
    const release::v1::ListAttemptsRequest& request,
    release::v1::ListAttemptsResponse& response) {
  GANTRY_ASSIGN_OR_RETURN(
      std::vector<Attempt> attempts,
      store_.ListAttempts(request.id(), kMaxCellsPerCall, kMaxPageBytes));
  for (Attempt& attempt : attempts) {
    *response.add_attempts() = std::move(attempt);
  }
  return absl::OkStatus();
}

absl::Status ReleaseService::ReadEvents(
    const release::v1::ListEventsRequest& request,
    release::v1::ListEventsResponse& response) {
  const int page_size =
      request.page_size() == 0 ? kDefaultPageSize : request.page_size();
  GANTRY_ASSIGN_OR_RETURN(
      std::vector<Event> events,
      store_.ListEvents(request.after_sequence(), page_size, kMaxPageBytes));
  for (Event& event : events) {
    if (event.has_revision()) {
      event.mutable_revision()->mutable_payload()->clear_proof();
    }
    if (event.has_fragment()) {
      event.mutable_fragment()->clear_content();
      event.mutable_fragment()->clear_sources();
    }
    *response.add_events() = std::move(event);
  }
  return absl::OkStatus();
}

absl::Status ReleaseService::ReadLog(const release::v1::GetLogRequest& request,
                                     release::v1::GetLogResponse& response) {
  GANTRY_ASSIGN_OR_RETURN(AttemptLog log,
                          store_.GetLog(request.id(), request.fencing_token()));
  *response.mutable_attempt() = std::move(log.attempt);
  response.set_log(std::move(log.content));
  return absl::OkStatus();
}

absl::Status ReleaseService::ReadFragments(
    const release::v1::GetFragmentsRequest& request,
    release::v1::GetFragmentsResponse& response) {
  GANTRY_ASSIGN_OR_RETURN(
      std::vector<Fragment> fragments,
      store_.GetFragments({request.digests().begin(), request.digests().end()},
                          kMaxPageBytes));
  for (Fragment& fragment : fragments) {
    *response.add_fragments() = std::move(fragment);
  }
  return absl::OkStatus();
}

absl::Status ReleaseService::ReadHeads(
    const release::v1::ListChannelHeadsRequest&,
    release::v1::ListChannelHeadsResponse& response) {
  GANTRY_ASSIGN_OR_RETURN(std::vector<ChannelHead> heads, store_.ListHeads());
  for (ChannelHead& head : heads) *response.add_heads() = std::move(head);
  return absl::OkStatus();
}

absl::Status ReleaseService::ReadPayload(
    const release::v1::ResolveRequest& request,
    release::v1::ResolveResponse& response) {
  GANTRY_ASSIGN_OR_RETURN(const std::vector<Cell> cells,
                          store_.ListReleaseOrNeighbours(request.os_release()));
  GANTRY_ASSIGN_OR_RETURN(response,
                          service::Resolve(request, cells, store_.Now()));
  if (demand_ != nullptr && response.has_no_payload() &&
      IsWaitedFor(response.no_payload())) {
    demand_->Count(response.no_payload().nearest().id());
  }
  return absl::OkStatus();
}

}  // namespace gantry::service
