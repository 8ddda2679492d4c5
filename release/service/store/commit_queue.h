#ifndef GANTRY_RELEASE_SERVICE_STORE_COMMIT_QUEUE_H_
#define GANTRY_RELEASE_SERVICE_STORE_COMMIT_QUEUE_H_

#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "release/service/store/database.h"

namespace gantry::service {

// The one thread that writes to a database.  What waits while a commit syncs
// goes into the next commit together, so that many writers share one sync.
// Thread-safe.
class CommitQueue {
 public:
  // Changes the database; an error takes its changes back, and no others'.
  using Write = std::function<absl::Status()>;
  // Gets the write's error, or OK once its changes are durable, or why the
  // commit failed.
  using Done = std::function<void(const absl::Status&)>;

  // `database` must be writable and outlive this; nothing else may write to
  // it, nor use it meanwhile.
  explicit CommitQueue(Database& database);

  // Finishes what was submitted.
  ~CommitQueue();

  // Both are called on the writing thread, in the order of submission.
  void Submit(Write write, Done done);

 private:
  struct Entry {
    Write write;
    Done done;
    absl::Status result;
  };

  void Loop();
  // Runs the entries in one transaction and sets their results.
  void Commit(std::vector<Entry>& batch);
  // An error fails all entries.
  absl::Status RunTransaction(std::vector<Entry>& batch);

  Database& database_;
  absl::Mutex mutex_;
  std::deque<Entry> entries_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_STORE_COMMIT_QUEUE_H_
