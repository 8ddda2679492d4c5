#include "release/service/store/named_leases.h"

#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "base/proto_time.h"
#include "base/status_macros.h"
#include "google/protobuf/util/time_util.h"
#include "release/service/rpc_status/error_details.h"
#include "release/service/store/lease_duration.h"

namespace gantry::service {
namespace {

using ::gantry::release::v1::NamedLease;

absl::Status HeldError(const NamedLease& lease, absl::Time now) {
  return WithRetryInfo(
      WithErrorInfo(
          absl::FailedPreconditionError(absl::StrCat(
              lease.name(), " is leased to ", lease.worker(), " until ",
              google::protobuf::util::TimeUtil::ToString(lease.expire_time()))),
          "LEASE_HELD", {{"name", lease.name()}, {"worker", lease.worker()}}),
      ToTime(lease.expire_time()) - now);
}

}  // namespace

absl::Status AcquireLease(CellTable& table,
                          const release::v1::AcquireLeaseRequest& request,
                          absl::Time now, NamedLease& response) {
  GANTRY_ASSIGN_OR_RETURN(const absl::optional<NamedLease> current,
                          table.FindNamedLease(request.name()));
  if (current.has_value() && current->worker() != request.worker() &&
      ToTime(current->expire_time()) > now) {
    return HeldError(*current, now);
  }
  response.set_name(request.name());
  response.set_worker(request.worker());
  *response.mutable_expire_time() = ToTimestamp(now + LeaseDuration(request));
  return table.PutNamedLease(response);
}

absl::Status ReleaseNamedLease(
    CellTable& table, const release::v1::ReleaseNamedLeaseRequest& request,
    absl::Time, release::v1::ReleaseNamedLeaseResponse&) {
  return table.DeleteNamedLease(request.name(), request.worker());
}

}  // namespace gantry::service
