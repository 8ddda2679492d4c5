#include "payload/image/serial_thread.h"

#include <utility>

namespace gantry::image {

SerialThread::SerialThread(size_t max_waiting)
    : max_waiting_(max_waiting), thread_([this] { Run(); }) {}

SerialThread::~SerialThread() {
  if (thread_.joinable()) Finish().IgnoreError();
}

bool SerialThread::HasRoom() const {
  return waiting_.size() < max_waiting_ || !status_.ok();
}

bool SerialThread::HasWork() const { return !waiting_.empty() || finished_; }

absl::Status SerialThread::Add(Step step) {
  const absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(this, &SerialThread::HasRoom));
  if (status_.ok()) waiting_.push_back(std::move(step));
  return status_;
}

absl::Status SerialThread::Finish() {
  {
    const absl::MutexLock lock(&mutex_);
    finished_ = true;
  }
  thread_.join();
  const absl::MutexLock lock(&mutex_);
  return status_;
}

void SerialThread::Run() {
  while (true) {
    Step step;
    {
      const absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(this, &SerialThread::HasWork));
      if (waiting_.empty()) return;
      step = std::move(waiting_.front());
      waiting_.pop_front();
    }
    const absl::Status status = step();
    if (status.ok()) continue;
    const absl::MutexLock lock(&mutex_);
    status_ = status;
    waiting_.clear();
    return;
  }
}

}  // namespace gantry::image
