#include "release/job/registry_lease.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/proto_time.h"
#include "base/status_macros.h"
#include "proto/release_service.pb.h"
#include "release/job/worker_name.h"

namespace gantry::job {
RegistryLease::RegistryLease(service::ReleaseClient& client, std::string name,
                             absl::Duration duration)
    : client_(client),
      name_(std::move(name)),
      // Two processes with one state directory exclude each other, too.
      worker_(NewWorkerName()),
      duration_(duration) {}

absl::StatusOr<std::unique_ptr<RegistryLease>> RegistryLease::Acquire(
    service::ReleaseClient& client, const publish::Destination& destination,
    absl::Duration duration) {
  const std::string& repository = destination.registry_repository;
  if (repository.empty()) return nullptr;
  std::unique_ptr<RegistryLease> lease(new RegistryLease(
      client, absl::StrCat("registry:", repository), duration));
  const absl::Status acquired = lease->Prolong();
  if (absl::IsFailedPrecondition(acquired)) {
    return absl::AbortedError(
        absl::StrCat(repository,
                     ": another process changes this registry, nothing was "
                     "done: ",
                     acquired.message()));
  }
  GANTRY_RETURN_IF_ERROR(acquired);
  lease->thread_ = std::thread([&lease = *lease] { lease.Loop(); });
  return lease;
}

RegistryLease::~RegistryLease() {
  if (!thread_.joinable()) return;
  {
    absl::MutexLock lock(&mutex_);
    closed_ = true;
  }
  thread_.join();
  // Otherwise it expires.
  client_.ReleaseNamedLease(name_, worker_).IgnoreError();
}

absl::Status RegistryLease::Check() const {
  absl::MutexLock lock(&mutex_);
  if (!lost_.ok()) {
    return absl::AbortedError(
        absl::StrCat("the lease ", name_, " was lost: ", lost_.message()));
  }
  if (absl::Now() < expire_time_) return absl::OkStatus();
  return absl::AbortedError(absl::StrCat(
      "the lease ", name_, " expired before it could be prolonged"));
}

void RegistryLease::Loop() {
  while (true) {
    {
      absl::MutexLock lock(&mutex_);
      if (mutex_.AwaitWithTimeout(absl::Condition(&closed_), duration_ / 3)) {
        return;
      }
    }
    const absl::Status status = Prolong();
    // A service that cannot be reached is asked again.
    if (!absl::IsFailedPrecondition(status)) continue;
    absl::MutexLock lock(&mutex_);
    lost_ = status;
    return;
  }
}

absl::Status RegistryLease::Prolong() {
  release::v1::AcquireLeaseRequest request;
  request.set_name(name_);
  request.set_worker(worker_);
  *request.mutable_lease_duration() = ToProtoDuration(duration_);
  const absl::Time start = absl::Now();
  GANTRY_RETURN_IF_ERROR(client_.AcquireLease(request).status());
  absl::MutexLock lock(&mutex_);
  expire_time_ = start + duration_;
  return absl::OkStatus();
}

}  // namespace gantry::job
