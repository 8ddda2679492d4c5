#ifndef GANTRY_RELEASE_SERVICE_RPC_STATUS_RPC_STATUS_H_
#define GANTRY_RELEASE_SERVICE_RPC_STATUS_RPC_STATUS_H_

#include "absl/status/status.h"
#include "grpcpp/support/status.h"

namespace gantry::service {

// Converts payloads of `status` to details of a google.rpc.Status, which gRPC
// sends in the trailer grpc-status-details-bin, where clients in all languages
// look for them.
grpc::Status ToGrpcStatus(const absl::Status& status);

// The inverse of ToGrpcStatus.  Malformed details are dropped; the code and
// message are kept.
absl::Status FromGrpcStatus(const grpc::Status& status);

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_RPC_STATUS_RPC_STATUS_H_
