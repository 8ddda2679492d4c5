#ifndef GANTRY_RELEASE_SERVICE_CLIENT_RELEASE_CLIENT_H_
#define GANTRY_RELEASE_SERVICE_CLIENT_RELEASE_CLIENT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "grpcpp/grpcpp.h"
#include "proto/cell.pb.h"
#include "proto/cell_plan.pb.h"
#include "proto/channel_head.pb.h"
#include "proto/fragment.pb.h"
#include "proto/release_service.grpc.pb.h"
#include "proto/release_service.pb.h"
#include "proto/revision.pb.h"
#include "release/service/client/client_credentials.h"

namespace gantry::service {

// Calls a release service.  Every call blocks until the response arrives, at
// most 60 seconds.  A call that finds the service unavailable is repeated, for
// at most a minute, with growing delays or the one that the service asks for: a
// service that restarts costs only time.  Calls that change something get a
// random request_id unless they have one, so that this changes nothing twice.
//
// Errors have the service's code, message and details
// (release/service/rpc_status/error_details.h); UNAVAILABLE and
// DEADLINE_EXCEEDED also name the address.  Thread-safe.
class ReleaseClient {
 public:
  // Waits at most `timeout` for the connection.  INVALID_ARGUMENT: `address` is
  // not of the form "HOST:PORT", or a token would leave this machine without
  // TLS.  UNAVAILABLE: no service responds there, or not one that `credentials`
  // recognizes.  Also the errors of reading the files of `credentials`.
  static absl::StatusOr<std::unique_ptr<ReleaseClient>> Connect(
      const std::string& address, const ClientCredentials& credentials = {},
      absl::Duration timeout = absl::Seconds(5));

  // Uses an existing channel, such as ReleaseServer::InProcessChannel(). Errors
  // have `name` in place of the address.
  ReleaseClient(std::shared_ptr<grpc::Channel> channel, std::string name);

  // How long calls are repeated; one minute by default.
  void set_retry_timeout(absl::Duration timeout) { retry_timeout_ = timeout; }

  // Plans any number of cells, and returns them in the order of `plans`.  More
  // than 1,000 take several calls: after an error, some may be planned.
  absl::StatusOr<std::vector<release::v1::Cell>> PlanCells(
      std::vector<release::v1::CellPlan> plans, const std::string& plan_id = "",
      const std::vector<release::v1::ChannelHeadReference>& heads = {});

  absl::StatusOr<release::v1::RetireCellsResponse> RetireCells(
      const release::v1::RetireCellsRequest& request);

  absl::StatusOr<release::v1::RecordRevisionResponse> RecordRevision(
      const release::v1::RecordRevisionRequest& request);

  absl::StatusOr<release::v1::Cell> GetCell(absl::string_view id);

  // Reads all pages; the page size and token of `filter` are ignored.  The
  // cells are ordered by id.
  absl::StatusOr<std::vector<release::v1::Cell>> ListCells(
      const release::v1::ListCellsRequest& filter);

  // The request may have any number of ids: more than 1,000 take several calls.
  absl::StatusOr<std::vector<release::v1::Cell>> ClaimCells(
      const release::v1::ClaimCellsRequest& request);

  // Any number of leases.
  absl::StatusOr<std::vector<release::v1::LeaseReference>> RenewLeases(
      const release::v1::RenewLeasesRequest& request);

  absl::StatusOr<release::v1::Cell> ReleaseLease(
      const release::v1::ReleaseLeaseRequest& request);

  absl::StatusOr<release::v1::Cell> FailAttempt(
      const release::v1::FailAttemptRequest& request);

  absl::StatusOr<release::v1::Cell> RetryCell(absl::string_view id);

  absl::StatusOr<release::v1::ListRevisionsResponse> ListRevisions(
      absl::string_view id);

  absl::StatusOr<release::v1::ListAttemptsResponse> ListAttempts(
      absl::string_view id);

  absl::StatusOr<release::v1::ListEventsResponse> ListEvents(
      const release::v1::ListEventsRequest& request);

  // `fencing_token` 0: of the newest attempt that has a log.
  absl::StatusOr<release::v1::GetLogResponse> GetLog(absl::string_view id,
                                                     int64_t fencing_token = 0);

  // Stores any number of fragments, in as many calls as their size takes: after
  // an error, some may be stored.
  absl::Status PutFragments(
      const std::vector<release::v1::Fragment>& fragments);

  // Any number of fragments, in the order of `digests`.
  absl::StatusOr<std::vector<release::v1::Fragment>> GetFragments(
      const std::vector<std::string>& digests);

  absl::StatusOr<release::v1::ChannelHead> MoveChannelHead(
      const release::v1::MoveChannelHeadRequest& request);

  absl::StatusOr<release::v1::ListChannelHeadsResponse> ListChannelHeads();

  absl::StatusOr<release::v1::NamedLease> AcquireLease(
      const release::v1::AcquireLeaseRequest& request);

  absl::Status ReleaseNamedLease(absl::string_view name,
                                 absl::string_view worker);

  absl::StatusOr<release::v1::Revision> PruneRevision(absl::string_view id,
                                                      int number);

  // Returns the number of logs that were deleted.
  absl::StatusOr<int> PruneLogs(absl::Time before_time);

  absl::StatusOr<release::v1::ResolveResponse> Resolve(
      const release::v1::ResolveRequest& request);

 private:
  using Stub = release::v1::ReleaseService::Stub;

  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(
      grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                   Response*),
      const Request& request);

  // Sets a request_id if the request has none, and calls.
  template <typename Request, typename Response>
  absl::StatusOr<Response> CallOnce(
      grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                   Response*),
      const Request& request);

  const std::string name_;
  // See ClientCredentials.
  std::string token_file_;
  absl::Duration retry_timeout_ = absl::Minutes(1);
  const std::unique_ptr<Stub> stub_;
};

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_CLIENT_RELEASE_CLIENT_H_
