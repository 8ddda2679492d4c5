#ifndef GANTRY_RELEASE_SERVICE_STORE_LEASE_DURATION_H_
#define GANTRY_RELEASE_SERVICE_STORE_LEASE_DURATION_H_

#include "absl/time/time.h"
#include "base/proto_time.h"

namespace gantry::service {

// The field `lease_duration` of a request, or its default.
template <typename Request>
absl::Duration LeaseDuration(const Request& request) {
  return request.has_lease_duration() ? ToDuration(request.lease_duration())
                                      : absl::Minutes(10);
}

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_STORE_LEASE_DURATION_H_
