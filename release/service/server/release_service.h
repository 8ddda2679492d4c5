#ifndef GANTRY_RELEASE_SERVICE_SERVER_RELEASE_SERVICE_H_
#define GANTRY_RELEASE_SERVICE_SERVER_RELEASE_SERVICE_H_

#include <functional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "grpcpp/grpcpp.h"
#include "proto/release.grpc.pb.h"
#include "release/service/server/call_gate.h"
#include "release/service/store/cell_store.h"

namespace gantry::service {

// ReleaseService over a CellStore.  Reads answer on gRPC's thread; changes go
// through the store's commit queue, so that waiting for the disk holds no
// thread.  A change whose caller has gone before its turn is not made.
class ReleaseService final
    : public release::v1::ReleaseService::CallbackService {
 public:
  // `store` must outlive this.
  explicit ReleaseService(CellStore& store) : store_(store) {}

  // From now on calls are refused with UNAVAILABLE; waits until those in
  // flight have ended, or the deadline.
  void Drain(absl::Time deadline) { gate_.CloseAndWait(deadline); }

  grpc::ServerUnaryReactor* PlanCells(
      grpc::CallbackServerContext* context,
      const release::v1::PlanCellsRequest* request,
      release::v1::PlanCellsResponse* response) override;
  grpc::ServerUnaryReactor* PublishPayload(
      grpc::CallbackServerContext* context,
      const release::v1::PublishPayloadRequest* request,
      release::v1::Cell* response) override;
  grpc::ServerUnaryReactor* GetCell(grpc::CallbackServerContext* context,
                                    const release::v1::GetCellRequest* request,
                                    release::v1::Cell* response) override;
  grpc::ServerUnaryReactor* ListCells(
      grpc::CallbackServerContext* context,
      const release::v1::ListCellsRequest* request,
      release::v1::ListCellsResponse* response) override;
  grpc::ServerUnaryReactor* ClaimCells(
      grpc::CallbackServerContext* context,
      const release::v1::ClaimCellsRequest* request,
      release::v1::ClaimCellsResponse* response) override;
  grpc::ServerUnaryReactor* FailAttempt(
      grpc::CallbackServerContext* context,
      const release::v1::FailAttemptRequest* request,
      release::v1::Cell* response) override;
  grpc::ServerUnaryReactor* Resolve(
      grpc::CallbackServerContext* context,
      const release::v1::ResolveRequest* request,
      release::v1::ResolveResponse* response) override;

 private:
  // Each ends the call with `validity`, that of its request, if it is an error.
  grpc::ServerUnaryReactor* Read(grpc::CallbackServerContext* context,
                                 const absl::Status& validity,
                                 const std::function<absl::Status()>& read);
  grpc::ServerUnaryReactor* Write(grpc::CallbackServerContext* context,
                                  const absl::Status& validity,
                                  CellStore::Mutation mutation);

  absl::Status List(const release::v1::ListCellsRequest& request,
                    release::v1::ListCellsResponse& response);

  CellStore& store_;
  CallGate gate_;
};

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_SERVER_RELEASE_SERVICE_H_
