#ifndef GANTRY_RELEASE_SERVICE_STORE_FRAGMENTS_H_
#define GANTRY_RELEASE_SERVICE_STORE_FRAGMENTS_H_

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "proto/release_service.pb.h"
#include "release/service/store/cell_table.h"

namespace gantry::service {

// As the functions of mutations.h.
absl::Status PutFragments(CellTable& table,
                          const release::v1::PutFragmentsRequest& request,
                          absl::Time now,
                          release::v1::PutFragmentsResponse& response);

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_STORE_FRAGMENTS_H_
