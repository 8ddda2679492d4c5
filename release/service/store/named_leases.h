#ifndef GANTRY_RELEASE_SERVICE_STORE_NAMED_LEASES_H_
#define GANTRY_RELEASE_SERVICE_STORE_NAMED_LEASES_H_

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "proto/release_service.pb.h"
#include "release/service/store/cell_table.h"

namespace gantry::service {

// As the functions of mutations.h.  Named leases are bookkeeping: they make no
// events.

absl::Status AcquireLease(CellTable& table,
                          const release::v1::AcquireLeaseRequest& request,
                          absl::Time now, release::v1::NamedLease& response);

absl::Status ReleaseNamedLease(
    CellTable& table, const release::v1::ReleaseNamedLeaseRequest& request,
    absl::Time now, release::v1::ReleaseNamedLeaseResponse& response);

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_STORE_NAMED_LEASES_H_
