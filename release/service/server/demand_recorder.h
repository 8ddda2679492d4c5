#ifndef GANTRY_RELEASE_SERVICE_SERVER_DEMAND_RECORDER_H_
#define GANTRY_RELEASE_SERVICE_SERVER_DEMAND_RECORDER_H_

#include <cstdint>
#include <map>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "release/service/store/cell_store.h"

namespace gantry::service {

// Counts how often nodes ask in vain for a cell, and adds the counts to the
// cells' demand at intervals, so that many requests share a write. Thread-safe.
//
// What has not been written is lost if the process is killed.
class DemandRecorder {
 public:
  // `store`, which must not be read-only, must outlive this object.  Demand is
  // written `interval` after the first request of which it consists.
  DemandRecorder(CellStore& store, absl::Duration interval);

  // Writes what has been counted.
  ~DemandRecorder();

  // Counts a request.  Does not block.
  void Count(absl::string_view cell_id);

 private:
  using Requests = std::map<std::string, int64_t>;

  void Loop();
  void Write(const Requests& requests);

  bool IsClosed() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return closed_;
  }
  bool HasWork() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return closed_ || !requests_.empty();
  }

  CellStore& store_;
  const absl::Duration interval_;
  absl::Mutex mutex_;
  // By cell.
  Requests requests_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_SERVER_DEMAND_RECORDER_H_
