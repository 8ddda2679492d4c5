#ifndef GANTRY_PAYLOAD_IMAGE_SERIAL_THREAD_H_
#define GANTRY_PAYLOAD_IMAGE_SERIAL_THREAD_H_

#include <deque>
#include <functional>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

namespace gantry::image {

// A stage of a pipeline: a thread that runs steps sequentially, in the order in
// which they were added.  Only one thread may add steps.
class SerialThread {
 public:
  using Step = std::function<absl::Status()>;

  // At most `max_waiting` steps wait, which limits the memory that they hold.
  explicit SerialThread(size_t max_waiting);
  // Runs the waiting steps.
  ~SerialThread();
  SerialThread(const SerialThread&) = delete;
  SerialThread& operator=(const SerialThread&) = delete;

  // Waits until fewer than `max_waiting` steps wait.  After a step has failed,
  // returns its error, and runs no more steps.
  absl::Status Add(Step step);

  // Waits until all steps have run, and returns the first error.  Call once,
  // last.
  absl::Status Finish();

 private:
  void Run();
  bool HasRoom() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool HasWork() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const size_t max_waiting_;

  absl::Mutex mutex_;
  std::deque<Step> waiting_ ABSL_GUARDED_BY(mutex_);
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);

  std::thread thread_;
};

}  // namespace gantry::image

#endif  // GANTRY_PAYLOAD_IMAGE_SERIAL_THREAD_H_
