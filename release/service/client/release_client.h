#ifndef GANTRY_RELEASE_SERVICE_CLIENT_RELEASE_CLIENT_H_
#define GANTRY_RELEASE_SERVICE_CLIENT_RELEASE_CLIENT_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "grpcpp/grpcpp.h"
#include "proto/release.grpc.pb.h"

namespace gantry::service {

// Calls a release service; every call waits for its answer.  Errors have the
// service's code, message and details
// (release/service/rpc_status/error_details.h). UNAVAILABLE names the address
// and what to do.  Thread-safe.
class ReleaseClient {
 public:
  // Waits for the connection, at most `timeout`.
  // INVALID_ARGUMENT: not "HOST:PORT".  UNAVAILABLE: nobody answers there.
  static absl::StatusOr<std::unique_ptr<ReleaseClient>> Connect(
      const std::string& address, absl::Duration timeout = absl::Seconds(5));

  // Over a channel that exists, such as ReleaseServer::InProcessChannel().
  // `name` stands for the address in messages.
  ReleaseClient(std::shared_ptr<grpc::Channel> channel, std::string name);

  // In the order of `plans`, of which there may be any number.
  absl::StatusOr<std::vector<release::v1::Cell>> PlanCells(
      const std::vector<release::v1::CellPlan>& plans);

  absl::StatusOr<release::v1::Cell> PublishPayload(
      const release::v1::PublishPayloadRequest& request);

  absl::StatusOr<release::v1::Cell> GetCell(absl::string_view id);

  // All pages, by id.  The request's page size and token are not used.
  absl::StatusOr<std::vector<release::v1::Cell>> ListCells(
      const release::v1::ListCellsRequest& filter);

  // The request may have any number of ids, of which more than 1,000 take
  // several calls; `max_cells` then limits each of them.
  absl::StatusOr<std::vector<release::v1::Cell>> ClaimCells(
      const release::v1::ClaimCellsRequest& request);

  absl::StatusOr<release::v1::Cell> FailAttempt(
      const release::v1::FailAttemptRequest& request);

  absl::StatusOr<release::v1::ResolveResponse> Resolve(
      const release::v1::ResolveRequest& request);

 private:
  using Stub = release::v1::ReleaseService::Stub;

  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(
      grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                   Response*),
      const Request& request);

  const std::string name_;
  const std::unique_ptr<Stub> stub_;
};

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_CLIENT_RELEASE_CLIENT_H_
