#ifndef GANTRY_RELEASE_SERVICE_STORE_CELL_STORE_H_
#define GANTRY_RELEASE_SERVICE_STORE_CELL_STORE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "base/file_lock.h"
#include "proto/attempt.pb.h"
#include "proto/cell.pb.h"
#include "proto/channel_head.pb.h"
#include "proto/event.pb.h"
#include "proto/fragment.pb.h"
#include "proto/revision.pb.h"
#include "release/service/store/cell_table.h"
#include "release/service/store/commit_queue.h"
#include "release/service/store/database.h"

namespace gantry::service {

struct CellStoreOptions {
  // Opens an existing database without changing or locking it; another
  // process may write to it meanwhile.
  bool read_only = false;

  // Source of the current time.  Must be thread-safe.
  std::function<absl::Time()> clock = absl::Now;

  // Name of a registered SQLite VFS; empty: SQLite's default.
  std::string vfs;
};

// Cells in an SQLite database.  Acknowledged writes survive crashes and power
// cuts.  Thread-safe.
//
// Exactly one connection, behind CommitQueue, writes and checkpoints: with
// more, SQLite up to 3.51.2 may corrupt the log ("WAL-reset bug",
// sqlite.org/wal.html).  A lock on the file `<path>-lock` excludes writers in
// other processes.  Reads use a second connection, so that they do not wait for
// a sync.
class CellStore {
 public:
  // Creates the database or updates its schema, unless read-only.
  // FAILED_PRECONDITION: another process writes to it, it belongs to another
  // program, or its schema version is not supported.  DATA_LOSS: it is corrupt.
  // NOT_FOUND: it does not exist, and `options.read_only` is set.
  static absl::StatusOr<std::unique_ptr<CellStore>> Open(
      const std::string& path, CellStoreOptions options = {});

  // Completes all pending writes.
  ~CellStore();

  absl::Time Now() const { return options_.clock(); }

  // NOT_FOUND: no such cell.
  absl::StatusOr<release::v1::Cell> Get(absl::string_view id);

  // See CellTable.
  absl::StatusOr<std::vector<release::v1::Cell>> List(
      const CellFilter& filter, absl::string_view after_id, int limit,
      size_t max_bytes);
  absl::StatusOr<std::vector<release::v1::Cell>> ListReleaseOrNeighbours(
      absl::string_view os_release);
  absl::StatusOr<std::vector<release::v1::Event>> ListEvents(
      int64_t after_sequence, int limit, size_t max_bytes);

  // See CellTable.  NOT_FOUND: no such cell.
  absl::StatusOr<std::vector<release::v1::Revision>> ListRevisions(
      absl::string_view cell_id);
  absl::StatusOr<std::vector<release::v1::Attempt>> ListAttempts(
      absl::string_view cell_id, int limit, size_t max_bytes);

  // See CellTable::FindLog().  NOT_FOUND: no such cell, attempt or log.
  absl::StatusOr<AttemptLog> GetLog(absl::string_view cell_id,
                                    int64_t fencing_token);

  // In the order of `digests`.  Stops before the fragment that would exceed
  // `max_bytes`, unless it is the first.  NOT_FOUND: one of those before has an
  // unknown digest.
  absl::StatusOr<std::vector<release::v1::Fragment>> GetFragments(
      const std::vector<std::string>& digests, size_t max_bytes);

  // See CellTable.
  absl::StatusOr<std::vector<release::v1::ChannelHead>> ListHeads();

  // Runs `mutation` (one of mutations.h) in a transaction, then passes `done`
  // its error, or OK once its changes are durable.  Both run on the writing
  // thread.  FAILED_PRECONDITION, at once: the store is read-only.
  using Mutation = std::function<absl::Status(CellTable&, absl::Time now)>;
  void Write(Mutation mutation, CommitQueue::Done done);

  // As Write, but waits for the result.
  absl::Status WriteAndWait(Mutation mutation);

 private:
  CellStore(std::string path, CellStoreOptions options)
      : path_(std::move(path)), options_(std::move(options)) {}

  absl::Status OpenWriter();
  absl::Status OpenReader();

  const std::string path_;
  const CellStoreOptions options_;

  // In the order of opening, so that the queue is destroyed before what it
  // uses, and the lock is released last.
  absl::optional<FileLock> lock_;
  std::unique_ptr<Database> write_database_;
  // Only used on the queue's thread.
  std::unique_ptr<CellTable> write_table_;

  absl::Mutex read_mutex_;
  std::unique_ptr<Database> read_database_;
  std::unique_ptr<CellTable> read_table_ ABSL_PT_GUARDED_BY(read_mutex_);

  std::unique_ptr<CommitQueue> queue_;
};

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_STORE_CELL_STORE_H_
