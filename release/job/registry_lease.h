#ifndef GANTRY_RELEASE_JOB_REGISTRY_LEASE_H_
#define GANTRY_RELEASE_JOB_REGISTRY_LEASE_H_

#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "release/publish/publisher.h"
#include "release/service/client/release_client.h"

namespace gantry::job {

// The right to reconcile and prune a registry, which one process has at a time:
// the lease "registry:<repository>" of the release service.  Prolonged in the
// background, three times within its duration.  Thread-safe.
class RegistryLease {
 public:
  // Null if the destination is a layout, which has locks of its own.  `client`
  // must outlive the lease.  ABORTED, naming the holder and the time until
  // which it has the lease: another process has it.
  static absl::StatusOr<std::unique_ptr<RegistryLease>> Acquire(
      service::ReleaseClient& client, const publish::Destination& destination,
      absl::Duration duration = absl::Minutes(2));

  // Gives the lease back.
  ~RegistryLease();

  // Call it before each change.  ABORTED: the lease was lost, or could not be
  // prolonged in time.
  absl::Status Check() const;

 private:
  RegistryLease(service::ReleaseClient& client, std::string name,
                absl::Duration duration);

  void Loop();
  absl::Status Prolong();

  service::ReleaseClient& client_;
  const std::string name_;
  const std::string worker_;
  const absl::Duration duration_;
  mutable absl::Mutex mutex_;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  // By this machine's clock, and not later than by the service's.
  absl::Time expire_time_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  absl::Status lost_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace gantry::job

#endif  // GANTRY_RELEASE_JOB_REGISTRY_LEASE_H_
