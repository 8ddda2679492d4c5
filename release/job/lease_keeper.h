#ifndef GANTRY_RELEASE_JOB_LEASE_KEEPER_H_
#define GANTRY_RELEASE_JOB_LEASE_KEEPER_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "proto/cell.pb.h"
#include "release/service/client/release_client.h"

namespace gantry::job {

// Renews leases in the background, three times within their duration.  A
// service that cannot be reached is asked again the next time.  Thread-safe.
class LeaseKeeper {
 public:
  // `cells` have leases.  `client` must outlive this object.
  LeaseKeeper(service::ReleaseClient& client,
              const std::vector<release::v1::Cell>& cells,
              absl::Duration lease_duration);

  // Stops renewing.
  ~LeaseKeeper();

  // No longer renews the lease of this cell.
  void Remove(const std::string& id);

  // Whether the service said that the lease of this cell is another worker's.
  bool IsLost(const std::string& id) const;

 private:
  void Loop();
  void Renew();

  service::ReleaseClient& client_;
  const absl::Duration lease_duration_;
  mutable absl::Mutex mutex_;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  // Fencing tokens by cell id.
  std::map<std::string, int64_t> leases_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> lost_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace gantry::job

#endif  // GANTRY_RELEASE_JOB_LEASE_KEEPER_H_
