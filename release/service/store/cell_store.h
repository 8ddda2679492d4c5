#ifndef GANTRY_RELEASE_SERVICE_STORE_CELL_STORE_H_
#define GANTRY_RELEASE_SERVICE_STORE_CELL_STORE_H_

#include <functional>
#include <memory>
#include <string>
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
#include "proto/release.pb.h"
#include "release/service/store/cell_table.h"
#include "release/service/store/commit_queue.h"
#include "release/service/store/database.h"

namespace gantry::service {

struct CellStoreOptions {
  // Only reads: takes no lock, changes nothing, works beside a writer.
  bool read_only = false;

  // What is now, for leases and times of change.  Thread-safe.
  std::function<absl::Time()> clock = absl::Now;

  // A registered SQLite VFS; empty: the default.
  std::string vfs;
};

// Cells in an SQLite file: what OK was said to is there after a crash or power
// cut.  Thread-safe.
//
// Exactly one connection, behind CommitQueue, writes and checkpoints (SQLite
// up to 3.51.2 may corrupt the log otherwise: "WAL-reset bug", sqlite.org/
// wal.html); a lock on the file `<path>-lock` keeps other processes from it.
// Reads have a connection of their own, so that they don't wait for a sync.
class CellStore {
 public:
  // Creates the file, or brings its schema up to date, unless read-only.
  // FAILED_PRECONDITION: in use by another process, another program's, or of
  // another schema version.  DATA_LOSS: corrupt.  NOT_FOUND: no such file,
  // read-only.
  static absl::StatusOr<std::unique_ptr<CellStore>> Open(
      const std::string& path, CellStoreOptions options = {});

  // Finishes all writes.
  ~CellStore();

  absl::Time Now() const { return options_.clock(); }

  // NOT_FOUND: no such cell.
  absl::StatusOr<release::v1::Cell> Get(absl::string_view id);

  // See CellTable.
  absl::StatusOr<std::vector<release::v1::Cell>> List(
      const CellFilter& filter, absl::string_view after_id, int limit,
      size_t max_bytes);
  absl::StatusOr<std::vector<release::v1::Cell>> OfReleaseOrNeighbours(
      absl::string_view os_release);

  // Runs `mutation` (one of mutations.h) in a transaction, and then `done`
  // with its error, or OK once its changes are durable.  Both run on the
  // writing thread.  FAILED_PRECONDITION: read-only.
  using Mutation = std::function<absl::Status(CellTable&, absl::Time now)>;
  void Write(Mutation mutation, CommitQueue::Done done);

  // The same; waits for the end.
  absl::Status WriteAndWait(Mutation mutation);

 private:
  CellStore(std::string path, CellStoreOptions options)
      : path_(std::move(path)), options_(std::move(options)) {}

  absl::Status OpenWriter();
  absl::Status OpenReader();

  const std::string path_;
  const CellStoreOptions options_;

  // Declared in the order of opening: the queue ends first, the lock last.
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
