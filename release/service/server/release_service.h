#ifndef GANTRY_RELEASE_SERVICE_SERVER_RELEASE_SERVICE_H_
#define GANTRY_RELEASE_SERVICE_SERVER_RELEASE_SERVICE_H_

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "grpcpp/grpcpp.h"
#include "proto/cell.pb.h"
#include "proto/release_service.grpc.pb.h"
#include "proto/release_service.pb.h"
#include "release/service/server/call_gate.h"
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

  // `store` must outlive this object.
  explicit ReleaseService(CellStore& store) : store_(store) {}

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
  Reactor* Resolve(Context* context, const release::v1::ResolveRequest* request,
                   release::v1::ResolveResponse* response) override;

 private:
  // OK if a call with this request may start, which must then call
  // gate_.Leave(); otherwise the error to return.
  template <typename Request>
  absl::Status Admit(const Request& request);

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
  absl::Status ReadPayload(const release::v1::ResolveRequest& request,
                           release::v1::ResolveResponse& response);

  CellStore& store_;
  CallGate gate_;
};

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_SERVER_RELEASE_SERVICE_H_
