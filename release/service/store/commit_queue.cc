#include "release/service/store/commit_queue.h"

#include <utility>

#include "base/status_macros.h"

namespace gantry::service {
namespace {

// Bounds how long the first write of a batch waits for the others.
constexpr size_t kMaxBatch = 64;

absl::Status RunInSavepoint(Database& database,
                            const CommitQueue::Write& write) {
  GANTRY_RETURN_IF_ERROR(database.Execute("SAVEPOINT entry"));
  const absl::Status result = write();
  if (!result.ok() && database.in_transaction()) {
    GANTRY_RETURN_IF_ERROR(database.Execute("ROLLBACK TO entry"));
  }
  if (database.in_transaction()) {
    GANTRY_RETURN_IF_ERROR(database.Execute("RELEASE entry"));
  }
  return result;
}

}  // namespace

CommitQueue::CommitQueue(Database& database)
    : database_(database), thread_([this] { Loop(); }) {}

CommitQueue::~CommitQueue() {
  {
    absl::MutexLock lock(&mutex_);
    closed_ = true;
  }
  thread_.join();
}

void CommitQueue::Submit(Write write, Done done) {
  absl::MutexLock lock(&mutex_);
  entries_.push_back({std::move(write), std::move(done), absl::OkStatus()});
}

void CommitQueue::Loop() {
  while (true) {
    std::vector<Entry> batch;
    {
      absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(
          +[](CommitQueue* queue) {
            queue->mutex_.AssertHeld();
            return queue->closed_ || !queue->entries_.empty();
          },
          this));
      if (entries_.empty()) return;
      while (!entries_.empty() && batch.size() < kMaxBatch) {
        batch.push_back(std::move(entries_.front()));
        entries_.pop_front();
      }
    }
    Commit(batch);
    for (const Entry& entry : batch) entry.done(entry.result);
  }
}

void CommitQueue::Commit(std::vector<Entry>& batch) {
  const absl::Status status = RunTransaction(batch);
  if (status.ok()) return;
  if (database_.in_transaction()) database_.Execute("ROLLBACK").IgnoreError();
  // Also replaces the errors of single entries: those may rest on changes that
  // have been rolled back.
  for (Entry& entry : batch) entry.result = status;
}

absl::Status CommitQueue::RunTransaction(std::vector<Entry>& batch) {
  GANTRY_RETURN_IF_ERROR(database_.Execute("BEGIN IMMEDIATE"));
  for (Entry& entry : batch) {
    entry.result = RunInSavepoint(database_, entry.write);
    if (!database_.in_transaction()) return entry.result;
  }
  return database_.Execute("COMMIT");
}

}  // namespace gantry::service
