#include "release/service/server/release_service.h"

#include <string>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "release/service/resolve/resolve.h"
#include "release/service/rpc_status/error_details.h"
#include "release/service/rpc_status/rpc_status.h"
#include "release/service/server/page_token.h"
#include "release/service/server/request_validation.h"
#include "release/service/store/limits.h"
#include "release/service/store/mutations.h"

namespace gantry::service {
namespace {

using ::gantry::release::v1::Cell;

constexpr int kDefaultPageSize = 100;

absl::Status DrainingError() {
  return WithRetryInfo(
      WithErrorInfo(absl::UnavailableError("the service is shutting down"),
                    "DRAINING", {}),
      absl::Seconds(1));
}

CellFilter MakeFilter(const release::v1::ListCellsRequest& request) {
  CellFilter filter;
  filter.channel = request.channel();
  filter.os_release = request.os_release();
  filter.driver_version = request.driver_version();
  filter.cuda_version = request.cuda_version();
  for (int state : request.state()) {
    filter.states.push_back(static_cast<release::v1::CellState>(state));
  }
  return filter;
}

}  // namespace

grpc::ServerUnaryReactor* ReleaseService::Read(
    grpc::CallbackServerContext* context, const absl::Status& validity,
    const std::function<absl::Status()>& read) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  if (!validity.ok()) {
    reactor->Finish(ToGrpcStatus(validity));
    return reactor;
  }
  if (!gate_.Enter()) {
    reactor->Finish(ToGrpcStatus(DrainingError()));
    return reactor;
  }
  reactor->Finish(ToGrpcStatus(read()));
  gate_.Leave();
  return reactor;
}

grpc::ServerUnaryReactor* ReleaseService::Write(
    grpc::CallbackServerContext* context, const absl::Status& validity,
    CellStore::Mutation mutation) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  if (!validity.ok()) {
    reactor->Finish(ToGrpcStatus(validity));
    return reactor;
  }
  if (!gate_.Enter()) {
    reactor->Finish(ToGrpcStatus(DrainingError()));
    return reactor;
  }
  store_.Write(
      [context, mutation = std::move(mutation)](CellTable& table,
                                                absl::Time now) {
        if (context->IsCancelled()) {
          return absl::CancelledError("the caller has gone");
        }
        return mutation(table, now);
      },
      [this, reactor](const absl::Status& status) {
        reactor->Finish(ToGrpcStatus(status));
        gate_.Leave();
      });
  return reactor;
}

grpc::ServerUnaryReactor* ReleaseService::PlanCells(
    grpc::CallbackServerContext* context,
    const release::v1::PlanCellsRequest* request,
    release::v1::PlanCellsResponse* response) {
  return Write(context, ValidateRequest(*request),
               [=](CellTable& table, absl::Time now) {
                 return service::PlanCells(table, *request, now, *response);
               });
}

grpc::ServerUnaryReactor* ReleaseService::PublishPayload(
    grpc::CallbackServerContext* context,
    const release::v1::PublishPayloadRequest* request, Cell* response) {
  return Write(context, ValidateRequest(*request),
               [=](CellTable& table, absl::Time now) {
                 return service::PublishPayload(table, *request, now,
                                                *response);
               });
}

grpc::ServerUnaryReactor* ReleaseService::ClaimCells(
    grpc::CallbackServerContext* context,
    const release::v1::ClaimCellsRequest* request,
    release::v1::ClaimCellsResponse* response) {
  return Write(context, ValidateRequest(*request),
               [=](CellTable& table, absl::Time now) {
                 return service::ClaimCells(table, *request, now, *response);
               });
}

grpc::ServerUnaryReactor* ReleaseService::FailAttempt(
    grpc::CallbackServerContext* context,
    const release::v1::FailAttemptRequest* request, Cell* response) {
  return Write(context, ValidateRequest(*request),
               [=](CellTable& table, absl::Time now) {
                 return service::FailAttempt(table, *request, now, *response);
               });
}

grpc::ServerUnaryReactor* ReleaseService::GetCell(
    grpc::CallbackServerContext* context,
    const release::v1::GetCellRequest* request, Cell* response) {
  return Read(context, ValidateRequest(*request), [&]() -> absl::Status {
    GANTRY_ASSIGN_OR_RETURN(*response, store_.Get(request->id()));
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* ReleaseService::ListCells(
    grpc::CallbackServerContext* context,
    const release::v1::ListCellsRequest* request,
    release::v1::ListCellsResponse* response) {
  return Read(context, ValidateRequest(*request),
              [&] { return List(*request, *response); });
}

grpc::ServerUnaryReactor* ReleaseService::Resolve(
    grpc::CallbackServerContext* context,
    const release::v1::ResolveRequest* request,
    release::v1::ResolveResponse* response) {
  return Read(context, ValidateRequest(*request), [&]() -> absl::Status {
    GANTRY_ASSIGN_OR_RETURN(
        const std::vector<Cell> cells,
        store_.OfReleaseOrNeighbours(request->os_release()));
    GANTRY_ASSIGN_OR_RETURN(*response,
                            service::Resolve(*request, cells, store_.Now()));
    return absl::OkStatus();
  });
}

absl::Status ReleaseService::List(const release::v1::ListCellsRequest& request,
                                  release::v1::ListCellsResponse& response) {
  const int page_size =
      request.page_size() == 0 ? kDefaultPageSize : request.page_size();
  GANTRY_ASSIGN_OR_RETURN(const std::string after_id, ParsePageToken(request));
  // One more than the page shows whether there is another.
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
  for (Cell& cell : cells) *response.add_cell() = std::move(cell);
  return absl::OkStatus();
}

}  // namespace gantry::service
