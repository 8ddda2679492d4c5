#include "release/service/client/release_client.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "proto/release_service.pb.h"
#include "release/service/rpc_status/rpc_status.h"
#include "release/service/store/limits.h"

namespace gantry::service {
namespace {

using ::gantry::release::v1::Cell;

constexpr absl::Duration kCallTimeout = absl::Seconds(60);

absl::Status UnavailableError(absl::string_view address,
                              absl::string_view why) {
  return absl::UnavailableError(absl::StrCat(
      "no release service at ", address, ": ", why,
      "; check --service, or start a service there with //release:server"));
}

}  // namespace

ReleaseClient::ReleaseClient(std::shared_ptr<grpc::Channel> channel,
                             std::string name)
    : name_(std::move(name)),
      stub_(release::v1::ReleaseService::NewStub(std::move(channel))) {}

absl::StatusOr<std::unique_ptr<ReleaseClient>> ReleaseClient::Connect(
    const std::string& address, absl::Duration timeout) {
  if (address.find(':') == std::string::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", address, "\" is not of the form HOST:PORT"));
  }
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  // Detect a server that disappears without closing the connection.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 30'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  std::shared_ptr<grpc::Channel> channel = grpc::CreateCustomChannel(
      address, grpc::InsecureChannelCredentials(), arguments);
  const absl::Time deadline = absl::Now() + timeout;
  for (grpc_connectivity_state state = channel->GetState(true);
       state != GRPC_CHANNEL_READY; state = channel->GetState(true)) {
    if (state == GRPC_CHANNEL_TRANSIENT_FAILURE) {
      return UnavailableError(address, "connection refused or no such host");
    }
    if (!channel->WaitForStateChange(state, absl::ToChronoTime(deadline))) {
      return UnavailableError(
          address,
          absl::StrCat("no response within ", absl::FormatDuration(timeout)));
    }
  }
  return std::make_unique<ReleaseClient>(std::move(channel), address);
}

template <typename Request, typename Response>
absl::StatusOr<Response> ReleaseClient::Call(
    grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                 Response*),
    const Request& request) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + kCallTimeout));
  Response response;
  const absl::Status status =
      FromGrpcStatus((stub_.get()->*method)(&context, request, &response));
  if (absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status)) {
    return Annotate(status, absl::StrCat("release service at ", name_));
  }
  GANTRY_RETURN_IF_ERROR(status);
  return response;
}

absl::StatusOr<std::vector<Cell>> ReleaseClient::PlanCells(
    const std::vector<release::v1::CellPlan>& plans) {
  constexpr size_t kChunk = kMaxCellsPerCall;
  std::vector<Cell> cells;
  for (size_t begin = 0; begin < plans.size(); begin += kChunk) {
    const size_t end = std::min(begin + kChunk, plans.size());
    release::v1::PlanCellsRequest request;
    request.mutable_plans()->Assign(plans.begin() + begin, plans.begin() + end);
    GANTRY_ASSIGN_OR_RETURN(const release::v1::PlanCellsResponse response,
                            Call(&Stub::PlanCells, request));
    cells.insert(cells.end(), response.cells().begin(), response.cells().end());
  }
  return cells;
}

absl::StatusOr<Cell> ReleaseClient::PublishPayload(
    const release::v1::PublishPayloadRequest& request) {
  return Call(&Stub::PublishPayload, request);
}

absl::StatusOr<Cell> ReleaseClient::GetCell(absl::string_view id) {
  release::v1::GetCellRequest request;
  request.set_id(std::string(id));
  return Call(&Stub::GetCell, request);
}

absl::StatusOr<std::vector<Cell>> ReleaseClient::ListCells(
    const release::v1::ListCellsRequest& filter) {
  release::v1::ListCellsRequest request = filter;
  request.set_page_size(kMaxCellsPerCall);
  request.clear_page_token();
  std::vector<Cell> cells;
  do {
    GANTRY_ASSIGN_OR_RETURN(const release::v1::ListCellsResponse response,
                            Call(&Stub::ListCells, request));
    cells.insert(cells.end(), response.cells().begin(), response.cells().end());
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  return cells;
}

absl::StatusOr<std::vector<Cell>> ReleaseClient::ClaimCells(
    const release::v1::ClaimCellsRequest& request) {
  release::v1::ClaimCellsRequest chunk = request;
  std::vector<Cell> cells;
  int begin = 0;
  do {
    const int end = std::min(begin + kMaxCellsPerCall, request.ids_size());
    chunk.mutable_ids()->Assign(request.ids().begin() + begin,
                                request.ids().begin() + end);
    GANTRY_ASSIGN_OR_RETURN(const release::v1::ClaimCellsResponse response,
                            Call(&Stub::ClaimCells, chunk));
    cells.insert(cells.end(), response.cells().begin(), response.cells().end());
    begin = end;
  } while (begin < request.ids_size());
  return cells;
}

absl::StatusOr<Cell> ReleaseClient::FailAttempt(
    const release::v1::FailAttemptRequest& request) {
  return Call(&Stub::FailAttempt, request);
}

absl::StatusOr<release::v1::ResolveResponse> ReleaseClient::Resolve(
    const release::v1::ResolveRequest& request) {
  return Call(&Stub::Resolve, request);
}

}  // namespace gantry::service
