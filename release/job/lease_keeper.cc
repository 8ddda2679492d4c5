#include "release/job/lease_keeper.h"

#include "base/proto_time.h"
#include "proto/release_service.pb.h"

namespace gantry::job {

LeaseKeeper::LeaseKeeper(service::ReleaseClient& client,
                         const std::vector<release::v1::Cell>& cells,
                         absl::Duration lease_duration)
    : client_(client), lease_duration_(lease_duration) {
  for (const release::v1::Cell& cell : cells) {
    leases_[cell.id()] = cell.lease().fencing_token();
  }
  thread_ = std::thread([this] { Loop(); });
}

LeaseKeeper::~LeaseKeeper() {
  {
    absl::MutexLock lock(&mutex_);
    closed_ = true;
  }
  thread_.join();
}

void LeaseKeeper::Remove(const std::string& id) {
  absl::MutexLock lock(&mutex_);
  leases_.erase(id);
}

bool LeaseKeeper::IsLost(const std::string& id) const {
  absl::MutexLock lock(&mutex_);
  return lost_.count(id) != 0;
}

void LeaseKeeper::Loop() {
  while (true) {
    {
      absl::MutexLock lock(&mutex_);
      if (mutex_.AwaitWithTimeout(absl::Condition(&closed_),
                                  lease_duration_ / 3)) {
        return;
      }
      if (leases_.empty()) continue;
    }
    Renew();
  }
}

void LeaseKeeper::Renew() {
  release::v1::RenewLeasesRequest request;
  *request.mutable_lease_duration() = ToProtoDuration(lease_duration_);
  {
    absl::MutexLock lock(&mutex_);
    for (const auto& [id, token] : leases_) {
      auto& lease = *request.add_leases();
      lease.set_id(id);
      lease.set_fencing_token(token);
    }
  }
  const auto renewed = client_.RenewLeases(request);
  if (!renewed.ok()) return;
  std::set<std::string> kept;
  for (const auto& lease : *renewed) kept.insert(lease.id());
  absl::MutexLock lock(&mutex_);
  for (const auto& lease : request.leases()) {
    // Removed meanwhile: its attempt has ended.
    if (leases_.count(lease.id()) == 0 || kept.count(lease.id()) != 0) continue;
    leases_.erase(lease.id());
    lost_.insert(lease.id());
  }
}

}  // namespace gantry::job
