#ifndef GANTRY_PAYLOAD_IMAGE_SERIAL_THREAD_H_
#define GANTRY_PAYLOAD_IMAGE_SERIAL_THREAD_H_

#include <deque>
#include <functional>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

namespace gantry::image {

// One stage of a pipeline: a thread that runs steps one after the other, in
// the order in which they were given.  Add() may be called from one thread.
class SerialThread {
 public:
  using Step = std::function<absl::Status()>;

  // At most `max_waiting` steps wait; this bounds the memory that they hold.
  explicit SerialThread(size_t max_waiting);
  // Runs what waits.
  ~SerialThread();
  SerialThread(const SerialThread&) = delete;
  SerialThread& operator=(const SerialThread&) = delete;

  // Waits for room.  After a step has failed, its error, and no more steps run.
  absl::Status Add(Step step);

  // Waits until all steps have run; the first error.  Call once, last.
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
