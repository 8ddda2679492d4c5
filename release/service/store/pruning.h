#ifndef GANTRY_RELEASE_SERVICE_STORE_PRUNING_H_
#define GANTRY_RELEASE_SERVICE_STORE_PRUNING_H_

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "proto/release_service.pb.h"
#include "proto/revision.pb.h"
#include "release/service/store/cell_table.h"

namespace gantry::service {

// As the functions of mutations.h.

absl::Status PruneRevision(CellTable& table,
                           const release::v1::PruneRevisionRequest& request,
                           absl::Time now, release::v1::Revision& response);

absl::Status PruneLogs(CellTable& table,
                       const release::v1::PruneLogsRequest& request,
                       absl::Time now,
                       release::v1::PruneLogsResponse& response);

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_STORE_PRUNING_H_
