#include "release/service/client/release_client.h"

#include <algorithm>
#include <iterator>
#include <random>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "base/file.h"
#include "base/loopback.h"
#include "base/proto_time.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "google/rpc/error_details.pb.h"
#include "proto/release_service.pb.h"
#include "release/service/rpc_status/error_details.h"
#include "release/service/rpc_status/rpc_status.h"
#include "release/service/store/limits.h"

namespace gantry::service {
namespace {

using ::gantry::release::v1::Cell;
using ::gantry::release::v1::Fragment;

constexpr absl::Duration kCallTimeout = absl::Seconds(60);

constexpr absl::Duration kFirstRetryDelay = absl::Milliseconds(100);
constexpr absl::Duration kMaxRetryDelay = absl::Seconds(10);

// How long the service asks to wait; zero if it does not.
absl::Duration RequestedDelay(const absl::Status& status) {
  const auto info = GetDetail<google::rpc::RetryInfo>(status);
  return info.has_value() ? ToDuration(info->retry_delay())
                          : absl::ZeroDuration();
}

// Two requests have the same with a probability below 10^-18 in 10^10.
std::string RandomId() {
  std::random_device random;
  return absl::StrFormat("%08x%08x%08x%08x", random(), random(), random(),
                         random());
}

// Appends the messages of a response.
template <typename Message>
void MoveAll(google::protobuf::RepeatedPtrField<Message>& from,
             std::vector<Message>& to) {
  to.insert(to.end(), std::make_move_iterator(from.begin()),
            std::make_move_iterator(from.end()));
}

absl::Status UnavailableError(absl::string_view address,
                              absl::string_view why) {
  return absl::UnavailableError(absl::StrCat(
      "no release service at ", address, ": ", why,
      "; check --service, or start a service there with //release:server"));
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeCredentials(
    const std::string& address, const ClientCredentials& credentials) {
  if (!credentials.token_file.empty()) {
    GANTRY_RETURN_IF_ERROR(ReadToken(credentials.token_file).status());
  }
  if (credentials.ca_file.empty()) {
    if (!credentials.certificate_file.empty()) {
      return absl::InvalidArgumentError(
          "--service_certificate: needs --service_ca, too");
    }
    if (!credentials.token_file.empty() && !IsLoopback(address)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--service_token_file: needs --service_ca, too, because the token "
          "would be sent to ",
          address, " without encryption"));
    }
    return grpc::InsecureChannelCredentials();
  }
  grpc::SslCredentialsOptions tls;
  GANTRY_ASSIGN_OR_RETURN(tls.pem_root_certs, ReadFile(credentials.ca_file));
  if (!credentials.certificate_file.empty()) {
    GANTRY_ASSIGN_OR_RETURN(tls.pem_cert_chain,
                            ReadFile(credentials.certificate_file));
    GANTRY_ASSIGN_OR_RETURN(tls.pem_private_key,
                            ReadFile(credentials.key_file));
  }
  return grpc::SslCredentials(tls);
}

}  // namespace

ReleaseClient::ReleaseClient(std::shared_ptr<grpc::Channel> channel,
                             std::string name)
    : name_(std::move(name)),
      stub_(release::v1::ReleaseService::NewStub(std::move(channel))) {}

absl::StatusOr<std::unique_ptr<ReleaseClient>> ReleaseClient::Connect(
    const std::string& address, const ClientCredentials& credentials,
    absl::Duration timeout) {
  if (address.find(':') == std::string::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", address, "\" is not of the form HOST:PORT"));
  }
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  // Detect a server that disappears without closing the connection.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 30'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  GANTRY_ASSIGN_OR_RETURN(const auto channel_credentials,
                          MakeCredentials(address, credentials));
  std::shared_ptr<grpc::Channel> channel =
      grpc::CreateCustomChannel(address, channel_credentials, arguments);
  const absl::Time deadline = absl::Now() + timeout;
  for (grpc_connectivity_state state = channel->GetState(true);
       state != GRPC_CHANNEL_READY; state = channel->GetState(true)) {
    if (state == GRPC_CHANNEL_TRANSIENT_FAILURE) {
      return UnavailableError(
          address, credentials.ca_file.empty()
                       ? "connection refused or no such host"
                       : "connection refused, no such host, or one side does "
                         "not accept the other's certificate");
    }
    if (!channel->WaitForStateChange(state, absl::ToChronoTime(deadline))) {
      return UnavailableError(
          address,
          absl::StrCat("no response within ", absl::FormatDuration(timeout)));
    }
  }
  auto client = std::make_unique<ReleaseClient>(std::move(channel), address);
  client->token_file_ = credentials.token_file;
  return client;
}

template <typename Request, typename Response>
absl::StatusOr<Response> ReleaseClient::Call(
    grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                 Response*),
    const Request& request) {
  const absl::Time give_up = absl::Now() + retry_timeout_;
  for (absl::Duration delay = kFirstRetryDelay;; delay *= 2) {
    const absl::Time now = absl::Now();
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(now + kCallTimeout));
    if (!token_file_.empty()) {
      GANTRY_ASSIGN_OR_RETURN(const std::string token, ReadToken(token_file_));
      context.AddMetadata("authorization", absl::StrCat("Bearer ", token));
    }
    Response response;
    const absl::Status status =
        FromGrpcStatus((stub_.get()->*method)(&context, request, &response));
    if (status.ok()) return response;
    if (!absl::IsUnavailable(status) && !absl::IsDeadlineExceeded(status)) {
      return status;
    }
    const absl::Duration wait =
        std::min(kMaxRetryDelay, std::max(delay, RequestedDelay(status)));
    if (!absl::IsUnavailable(status) || absl::Now() + wait > give_up) {
      return Annotate(status, absl::StrCat("release service at ", name_));
    }
    absl::SleepFor(wait);
  }
}

template <typename Request, typename Response>
absl::StatusOr<Response> ReleaseClient::CallOnce(
    grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                 Response*),
    const Request& request) {
  if (!request.request_id().empty()) return Call(method, request);
  Request named = request;
  named.set_request_id(RandomId());
  return Call(method, named);
}

absl::StatusOr<std::vector<Cell>> ReleaseClient::PlanCells(
    std::vector<release::v1::CellPlan> plans, const std::string& plan_id,
    const std::vector<release::v1::ChannelHeadReference>& heads) {
  constexpr size_t kChunk = kMaxCellsPerCall;
  std::vector<Cell> cells;
  cells.reserve(plans.size());
  for (size_t begin = 0; begin < plans.size(); begin += kChunk) {
    const size_t end = std::min(begin + kChunk, plans.size());
    release::v1::PlanCellsRequest request;
    request.mutable_plans()->Add(std::make_move_iterator(plans.begin() + begin),
                                 std::make_move_iterator(plans.begin() + end));
    request.set_plan_id(plan_id);
    request.mutable_heads()->Assign(heads.begin(), heads.end());
    // Planning twice changes nothing, so it needs no request_id.
    GANTRY_ASSIGN_OR_RETURN(release::v1::PlanCellsResponse response,
                            Call(&Stub::PlanCells, request));
    MoveAll(*response.mutable_cells(), cells);
  }
  return cells;
}

absl::StatusOr<release::v1::RetireCellsResponse> ReleaseClient::RetireCells(
    const release::v1::RetireCellsRequest& request) {
  return CallOnce(&Stub::RetireCells, request);
}

absl::StatusOr<release::v1::RecordRevisionResponse>
ReleaseClient::RecordRevision(
    const release::v1::RecordRevisionRequest& request) {
  return CallOnce(&Stub::RecordRevision, request);
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
    GANTRY_ASSIGN_OR_RETURN(release::v1::ListCellsResponse response,
                            Call(&Stub::ListCells, request));
    MoveAll(*response.mutable_cells(), cells);
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
    // Each call is another request.
    if (begin > 0 && !request.request_id().empty()) {
      chunk.set_request_id(absl::StrCat(request.request_id(), "-", begin));
    }
    GANTRY_ASSIGN_OR_RETURN(release::v1::ClaimCellsResponse response,
                            CallOnce(&Stub::ClaimCells, chunk));
    MoveAll(*response.mutable_cells(), cells);
    begin = end;
    if (request.max_cells() == 0) continue;
    chunk.set_max_cells(request.max_cells() - static_cast<int>(cells.size()));
    if (chunk.max_cells() == 0) break;
  } while (begin < request.ids_size());
  return cells;
}

absl::StatusOr<Cell> ReleaseClient::FailAttempt(
    const release::v1::FailAttemptRequest& request) {
  return CallOnce(&Stub::FailAttempt, request);
}

absl::StatusOr<std::vector<release::v1::LeaseReference>>
ReleaseClient::RenewLeases(const release::v1::RenewLeasesRequest& request) {
  release::v1::RenewLeasesRequest chunk = request;
  std::vector<release::v1::LeaseReference> renewed;
  for (int begin = 0; begin < request.leases_size();
       begin += kMaxCellsPerCall) {
    const int end = std::min(begin + kMaxCellsPerCall, request.leases_size());
    chunk.mutable_leases()->Assign(request.leases().begin() + begin,
                                   request.leases().begin() + end);
    GANTRY_ASSIGN_OR_RETURN(release::v1::RenewLeasesResponse response,
                            Call(&Stub::RenewLeases, chunk));
    MoveAll(*response.mutable_leases(), renewed);
  }
  return renewed;
}

absl::StatusOr<Cell> ReleaseClient::ReleaseLease(
    const release::v1::ReleaseLeaseRequest& request) {
  return CallOnce(&Stub::ReleaseLease, request);
}

absl::StatusOr<Cell> ReleaseClient::RetryCell(absl::string_view id) {
  release::v1::RetryCellRequest request;
  request.set_id(std::string(id));
  return CallOnce(&Stub::RetryCell, request);
}

absl::StatusOr<release::v1::ListRevisionsResponse> ReleaseClient::ListRevisions(
    absl::string_view id) {
  release::v1::ListRevisionsRequest request;
  request.set_id(std::string(id));
  return Call(&Stub::ListRevisions, request);
}

absl::StatusOr<release::v1::ListAttemptsResponse> ReleaseClient::ListAttempts(
    absl::string_view id) {
  release::v1::ListAttemptsRequest request;
  request.set_id(std::string(id));
  return Call(&Stub::ListAttempts, request);
}

absl::StatusOr<release::v1::ListEventsResponse> ReleaseClient::ListEvents(
    const release::v1::ListEventsRequest& request) {
  return Call(&Stub::ListEvents, request);
}

absl::StatusOr<release::v1::GetLogResponse> ReleaseClient::GetLog(
    absl::string_view id, int64_t fencing_token) {
  release::v1::GetLogRequest request;
  request.set_id(std::string(id));
  request.set_fencing_token(fencing_token);
  return Call(&Stub::GetLog, request);
}

absl::Status ReleaseClient::PutFragments(
    const std::vector<Fragment>& fragments) {
  release::v1::PutFragmentsRequest request;
  size_t bytes = 0;
  const auto send = [&]() -> absl::Status {
    if (request.fragments().empty()) return absl::OkStatus();
    const absl::Status status = CallOnce(&Stub::PutFragments, request).status();
    request.clear_fragments();
    bytes = 0;
    return status;
  };
  for (const Fragment& fragment : fragments) {
    if (request.fragments_size() == kMaxCellsPerCall ||
        bytes + fragment.ByteSizeLong() > kMaxPageBytes) {
      GANTRY_RETURN_IF_ERROR(send());
    }
    bytes += fragment.ByteSizeLong();
    *request.add_fragments() = fragment;
  }
  return send();
}

absl::StatusOr<std::vector<Fragment>> ReleaseClient::GetFragments(
    const std::vector<std::string>& digests) {
  std::vector<Fragment> fragments;
  while (fragments.size() < digests.size()) {
    const size_t begin = fragments.size();
    const size_t end =
        std::min(begin + size_t{kMaxCellsPerCall}, digests.size());
    release::v1::GetFragmentsRequest request;
    request.mutable_digests()->Assign(digests.begin() + begin,
                                      digests.begin() + end);
    GANTRY_ASSIGN_OR_RETURN(release::v1::GetFragmentsResponse response,
                            Call(&Stub::GetFragments, request));
    if (response.fragments().empty() ||
        response.fragments_size() > request.digests_size()) {
      return absl::InternalError(
          absl::StrCat("release service at ", name_, ": GetFragments returned ",
                       response.fragments_size(), " fragments instead of 1 to ",
                       request.digests_size()));
    }
    MoveAll(*response.mutable_fragments(), fragments);
  }
  return fragments;
}

absl::StatusOr<release::v1::ChannelHead> ReleaseClient::MoveChannelHead(
    const release::v1::MoveChannelHeadRequest& request) {
  return CallOnce(&Stub::MoveChannelHead, request);
}

absl::StatusOr<release::v1::ListChannelHeadsResponse>
ReleaseClient::ListChannelHeads() {
  return Call(&Stub::ListChannelHeads, release::v1::ListChannelHeadsRequest());
}

// Acquiring or giving back a lease twice changes nothing, so these need no
// request_id.
absl::StatusOr<release::v1::NamedLease> ReleaseClient::AcquireLease(
    const release::v1::AcquireLeaseRequest& request) {
  return Call(&Stub::AcquireLease, request);
}

absl::Status ReleaseClient::ReleaseNamedLease(absl::string_view name,
                                              absl::string_view worker) {
  release::v1::ReleaseNamedLeaseRequest request;
  request.set_name(std::string(name));
  request.set_worker(std::string(worker));
  return Call(&Stub::ReleaseNamedLease, request).status();
}

absl::StatusOr<release::v1::Revision> ReleaseClient::PruneRevision(
    absl::string_view id, int number) {
  release::v1::PruneRevisionRequest request;
  request.set_id(std::string(id));
  request.set_number(number);
  return CallOnce(&Stub::PruneRevision, request);
}

absl::StatusOr<int> ReleaseClient::PruneLogs(absl::Time before_time) {
  release::v1::PruneLogsRequest request;
  *request.mutable_before_time() = ToTimestamp(before_time);
  GANTRY_ASSIGN_OR_RETURN(const release::v1::PruneLogsResponse response,
                          CallOnce(&Stub::PruneLogs, request));
  return response.count();
}

absl::StatusOr<release::v1::ResolveResponse> ReleaseClient::Resolve(
    const release::v1::ResolveRequest& request) {
  return Call(&Stub::Resolve, request);
}

}  // namespace gantry::service
