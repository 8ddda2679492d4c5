#include "release/service/server/demand_recorder.h"

#include "absl/status/status.h"
#include "release/service/store/cell_table.h"
#include "release/service/store/demand.h"

namespace gantry::service {
namespace {

// Bounds the memory and the length of a write.  Requests for others are not
// counted in the same interval.
constexpr size_t kMaxCells = 1000;

}  // namespace

DemandRecorder::DemandRecorder(CellStore& store, absl::Duration interval)
    : store_(store), interval_(interval), thread_([this] { Loop(); }) {}

DemandRecorder::~DemandRecorder() {
  {
    absl::MutexLock lock(&mutex_);
    closed_ = true;
  }
  thread_.join();
}

void DemandRecorder::Count(absl::string_view cell_id) {
  absl::MutexLock lock(&mutex_);
  const auto found = requests_.find(std::string(cell_id));
  if (found != requests_.end()) {
    ++found->second;
  } else if (requests_.size() < kMaxCells) {
    requests_.emplace(cell_id, 1);
  }
}

void DemandRecorder::Loop() {
  bool closed = false;
  while (!closed) {
    Requests requests;
    {
      absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(this, &DemandRecorder::HasWork));
      mutex_.AwaitWithTimeout(absl::Condition(this, &DemandRecorder::IsClosed),
                              interval_);
      closed = closed_;
      requests.swap(requests_);
    }
    if (!requests.empty()) Write(requests);
  }
}

void DemandRecorder::Write(const Requests& requests) {
  const absl::Status written =
      store_.WriteAndWait([&](CellTable& table, absl::Time now) {
        return AddDemand(table, requests, now);
      });
  if (written.ok()) return;
  // The next write tries again.
  absl::MutexLock lock(&mutex_);
  for (const auto& [cell_id, count] : requests) {
    if (requests_.size() < kMaxCells || requests_.count(cell_id) != 0) {
      requests_[cell_id] += count;
    }
  }
}

}  // namespace gantry::service
