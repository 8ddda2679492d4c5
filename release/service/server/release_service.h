#ifndef GANTRY_RELEASE_SERVICE_SERVER_RELEASE_SERVICE_H_
#define GANTRY_RELEASE_SERVICE_SERVER_RELEASE_SERVICE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "grpcpp/grpcpp.h"
#include "proto/cell.pb.h"
#include "proto/channel_head.pb.h"
#include "proto/release_service.grpc.pb.h"
#include "proto/release_service.pb.h"
#include "proto/revision.pb.h"
#include "release/service/auth/authenticator.h"
#include "release/service/server/call_gate.h"
#include "release/service/server/demand_recorder.h"
#include "release/service/store/cell_store.h"
#include "release/service/store/mutations.h"

namespace gantry::service {

// Implements ReleaseService on a CellStore.  Reads are answered on gRPC's
// threads.  Changes go through the store's commit queue, so that no thread
// waits for the disk; a change whose caller has canceled before its turn is not
// made.
class ReleaseService final
    : public release::v1::ReleaseService::CallbackService {
 public:
  using Context = grpc::CallbackServerContext;
  using Reactor = grpc::ServerUnaryReactor;

  // All must outlive this object.  `demand` is null if the store is read-only.
  // Without an authenticator everybody may call everything.  A shared service
  // has clients on other machines, so that it refuses to record files of one
  // machine.
  ReleaseService(CellStore& store, DemandRecorder* demand,
                 Authenticator* authenticator, bool is_shared)
      : store_(store),
        demand_(demand),
        authenticator_(authenticator),
        is_shared_(is_shared) {}

  // Refuses calls from now on with UNAVAILABLE.  Waits until all calls in
  // flight have finished, or until the deadline.
  void Drain(absl::Time deadline) { gate_.CloseAndWait(deadline); }

  Reactor* PlanCells(Context* context,
                     const release::v1::PlanCellsRequest* request,
                     release::v1::PlanCellsResponse* response) override;
  Reactor* RetireCells(Context* context,
                       const release::v1::RetireCellsRequest* request,
                       release::v1::RetireCellsResponse* response) override;
  Reactor* RecordRevision(
      Context* context, const release::v1::RecordRevisionRequest* request,
      release::v1::RecordRevisionResponse* response) override;
  Reactor* GetCell(Context* context, const release::v1::GetCellRequest* request,
                   release::v1::Cell* response) override;
  Reactor* ListCells(Context* context,
                     const release::v1::ListCellsRequest* request,
                     release::v1::ListCellsResponse* response) override;
  Reactor* ClaimCells(Context* context,
                      const release::v1::ClaimCellsRequest* request,
                      release::v1::ClaimCellsResponse* response) override;
  Reactor* RenewLeases(Context* context,
                       const release::v1::RenewLeasesRequest* request,
                       release::v1::RenewLeasesResponse* response) override;
  Reactor* ReleaseLease(Context* context,
                        const release::v1::ReleaseLeaseRequest* request,
                        release::v1::Cell* response) override;
  Reactor* FailAttempt(Context* context,
                       const release::v1::FailAttemptRequest* request,
                       release::v1::Cell* response) override;
  Reactor* RetryCell(Context* context,
                     const release::v1::RetryCellRequest* request,
                     release::v1::Cell* response) override;
  Reactor* ListRevisions(Context* context,
                         const release::v1::ListRevisionsRequest* request,
                         release::v1::ListRevisionsResponse* response) override;
  Reactor* ListAttempts(Context* context,
                        const release::v1::ListAttemptsRequest* request,
                        release::v1::ListAttemptsResponse* response) override;
  Reactor* ListEvents(Context* context,
                      const release::v1::ListEventsRequest* request,
                      release::v1::ListEventsResponse* response) override;
  Reactor* GetLog(Context* context, const release::v1::GetLogRequest* request,
                  release::v1::GetLogResponse* response) override;
  Reactor* PutFragments(Context* context,
                        const release::v1::PutFragmentsRequest* request,
                        release::v1::PutFragmentsResponse* response) override;
  Reactor* GetFragments(Context* context,
                        const release::v1::GetFragmentsRequest* request,
                        release::v1::GetFragmentsResponse* response) override;
  Reactor* MoveChannelHead(Context* context,
                           const release::v1::MoveChannelHeadRequest* request,
                           release::v1::ChannelHead* response) override;
  Reactor* ListChannelHeads(
      Context* context, const release::v1::ListChannelHeadsRequest* request,
      release::v1::ListChannelHeadsResponse* response) override;
  Reactor* AcquireLease(Context* context,
                        const release::v1::AcquireLeaseRequest* request,
                        release::v1::NamedLease* response) override;
  Reactor* ReleaseNamedLease(
      Context* context, const release::v1::ReleaseNamedLeaseRequest* request,
      release::v1::ReleaseNamedLeaseResponse* response) override;
  Reactor* PruneRevision(Context* context,
                         const release::v1::PruneRevisionRequest* request,
                         release::v1::Revision* response) override;
  Reactor* PruneLogs(Context* context,
                     const release::v1::PruneLogsRequest* request,
                     release::v1::PruneLogsResponse* response) override;
  Reactor* Resolve(Context* context, const release::v1::ResolveRequest* request,
                   release::v1::ResolveResponse* response) override;

 private:
  // Who calls, if a call with this request may start, which must then call
  // gate_.Leave(); otherwise the error to return.
  template <typename Request>
  absl::StatusOr<std::string> Admit(const Context& context,
                                    const Request& request);

  // Answers a call with a function that reads the store.
  template <typename Request, typename Response>
  Reactor* Read(Context* context, const Request* request, Response* response,
                absl::Status (ReleaseService::*read)(const Request&,
                                                     Response&));

  // Answers a call with a function of mutations.h, run with `run`.
  template <typename Request, typename Response, typename Run>
  Reactor* Write(Context* context, const Request* request, Response* response,
                 Run run);

  // Answers a call with a function of mutations.h, once for each request_id.
  template <typename Request, typename Response>
  Reactor* WriteOnce(Context* context, const Request* request,
                     Response* response, Mutation<Request, Response> mutation);

  absl::Status ReadCell(const release::v1::GetCellRequest& request,
                        release::v1::Cell& response);
  absl::Status ReadPage(const release::v1::ListCellsRequest& request,
                        release::v1::ListCellsResponse& response);
  absl::Status ReadRevisions(const release::v1::ListRevisionsRequest& request,
                             release::v1::ListRevisionsResponse& response);
  absl::Status ReadAttempts(const release::v1::ListAttemptsRequest& request,
                            release::v1::ListAttemptsResponse& response);
  absl::Status ReadEvents(const release::v1::ListEventsRequest& request,
                          release::v1::ListEventsResponse& response);
  absl::Status ReadLog(const release::v1::GetLogRequest& request,
                       release::v1::GetLogResponse& response);
  absl::Status ReadFragments(const release::v1::GetFragmentsRequest& request,
                             release::v1::GetFragmentsResponse& response);
  absl::Status ReadHeads(const release::v1::ListChannelHeadsRequest& request,
                         release::v1::ListChannelHeadsResponse& response);
  absl::Status ReadPayload(const release::v1::ResolveRequest& request,
                           release::v1::ResolveResponse& response);

  CellStore& store_;
  DemandRecorder* const demand_;
  Authenticator* const authenticator_;
  const bool is_shared_;
  CallGate gate_;
};

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_SERVER_RELEASE_SERVICE_H_
