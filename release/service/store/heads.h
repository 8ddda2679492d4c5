#ifndef GANTRY_RELEASE_SERVICE_STORE_HEADS_H_
#define GANTRY_RELEASE_SERVICE_STORE_HEADS_H_

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "proto/channel_head.pb.h"
#include "proto/release_service.pb.h"
#include "release/service/store/cell_table.h"

namespace gantry::service {

// As the functions of mutations.h.
absl::Status MoveChannelHead(CellTable& table,
                             const release::v1::MoveChannelHeadRequest& request,
                             absl::Time now,
                             release::v1::ChannelHead& response);

// ABORTED (ErrorInfo HEAD_MOVED): one of the references is not to the current
// head of its channel.
absl::Status CheckHeads(
    CellTable& table,
    const google::protobuf::RepeatedPtrField<release::v1::ChannelHeadReference>&
        heads);

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_STORE_HEADS_H_
