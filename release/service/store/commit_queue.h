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

// The only thread that writes to a database.  Writes that arrive while a commit
// syncs share the next commit, and so its sync.  Thread-safe.
class CommitQueue {
 public:
  // Changes the database.  An error rolls back the changes of this write only.
  using Write = std::function<absl::Status()>;
  // Receives the write's error, the commit's error, or OK once the changes are
  // durable.
  using Done = std::function<void(const absl::Status&)>;

  // `database` must be writable and outlive this object.  Until then nothing
  // else may use this connection or write through another.
  explicit CommitQueue(Database& database);

  // Completes all submitted writes.
  ~CommitQueue();

  // Both functions run on the writing thread, in the order of submission.
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
  // After an error the transaction must be rolled back.
  absl::Status RunTransaction(std::vector<Entry>& batch);

  Database& database_;
  absl::Mutex mutex_;
  std::deque<Entry> entries_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_STORE_COMMIT_QUEUE_H_
