#ifndef GANTRY_RELEASE_SERVICE_SERVER_CALL_GATE_H_
#define GANTRY_RELEASE_SERVICE_SERVER_CALL_GATE_H_

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace gantry::service {

// Counts the calls in flight, and refuses new ones once closed.  Thread-safe.
class CallGate {
 public:
  // Returns false once closed.  After true, the caller must call Leave().
  bool Enter() {
    absl::MutexLock lock(&mutex_);
    if (closed_) return false;
    ++in_flight_;
    return true;
  }

  void Leave() {
    absl::MutexLock lock(&mutex_);
    --in_flight_;
  }

  // Closes the gate, then waits until no call is in flight or the deadline has
  // passed.
  void CloseAndWait(absl::Time deadline) {
    absl::MutexLock lock(&mutex_);
    closed_ = true;
    mutex_.AwaitWithDeadline(absl::Condition(
                                 +[](CallGate* gate) {
                                   gate->mutex_.AssertHeld();
                                   return gate->in_flight_ == 0;
                                 },
                                 this),
                             deadline);
  }

 private:
  absl::Mutex mutex_;
  int in_flight_ ABSL_GUARDED_BY(mutex_) = 0;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_SERVER_CALL_GATE_H_
