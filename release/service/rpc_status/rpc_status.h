#ifndef GANTRY_RELEASE_SERVICE_RPC_STATUS_RPC_STATUS_H_
#define GANTRY_RELEASE_SERVICE_RPC_STATUS_RPC_STATUS_H_

#include "absl/status/status.h"
#include "grpcpp/support/status.h"

namespace gantry::service {

// Payloads of `status` become details of a google.rpc.Status, which gRPC sends
// in the trailer grpc-status-details-bin, where every language's client looks
// for it.
grpc::Status ToGrpcStatus(const absl::Status& status);

// The inverse.  Details that do not parse are dropped: the server's code and
// message still count.
absl::Status FromGrpcStatus(const grpc::Status& status);

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_RPC_STATUS_RPC_STATUS_H_
