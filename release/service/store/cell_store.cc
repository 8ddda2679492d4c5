#include "release/service/store/cell_store.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "base/status_macros.h"
#include "release/service/rpc_status/error_details.h"
#include "release/service/store/schema.h"

namespace gantry::service {

using ::gantry::release::v1::Cell;
using ::gantry::release::v1::Fragment;

absl::StatusOr<std::unique_ptr<CellStore>> CellStore::Open(
    const std::string& path, CellStoreOptions options) {
  std::unique_ptr<CellStore> store(new CellStore(path, std::move(options)));
  if (!store->options_.read_only) GANTRY_RETURN_IF_ERROR(store->OpenWriter());
  GANTRY_RETURN_IF_ERROR(store->OpenReader());
  return store;
}

absl::Status CellStore::OpenWriter() {
  GANTRY_ASSIGN_OR_RETURN(lock_, FileLock::TryAcquire(path_ + "-lock"));
  GANTRY_ASSIGN_OR_RETURN(
      write_database_,
      Database::Open(path_, Database::Mode::kReadWrite, options_.vfs));
  GANTRY_RETURN_IF_ERROR(PrepareForWriting(*write_database_));
  GANTRY_ASSIGN_OR_RETURN(write_table_, CellTable::Create(*write_database_));
  queue_ = std::make_unique<CommitQueue>(*write_database_);
  return absl::OkStatus();
}

absl::Status CellStore::OpenReader() {
  GANTRY_ASSIGN_OR_RETURN(
      read_database_,
      Database::Open(path_, Database::Mode::kReadOnly, options_.vfs));
  GANTRY_RETURN_IF_ERROR(CheckForReading(*read_database_));
  GANTRY_ASSIGN_OR_RETURN(read_table_, CellTable::Create(*read_database_));
  return absl::OkStatus();
}

CellStore::~CellStore() = default;

absl::StatusOr<Cell> CellStore::Get(absl::string_view id) {
  absl::MutexLock lock(&read_mutex_);
  GANTRY_ASSIGN_OR_RETURN(absl::optional<Cell> cell, read_table_->Find(id));
  if (!cell.has_value()) return CellNotFoundError(id);
  return *std::move(cell);
}

absl::StatusOr<std::vector<Cell>> CellStore::List(const CellFilter& filter,
                                                  absl::string_view after_id,
                                                  int limit, size_t max_bytes) {
  absl::MutexLock lock(&read_mutex_);
  return read_table_->List(filter, after_id, limit, max_bytes);
}

absl::StatusOr<std::vector<Cell>> CellStore::ListReleaseOrNeighbours(
    absl::string_view os_release) {
  absl::MutexLock lock(&read_mutex_);
  return read_table_->ListReleaseOrNeighbours(os_release);
}

absl::StatusOr<std::vector<release::v1::Event>> CellStore::ListEvents(
    int64_t after_sequence, int limit, size_t max_bytes) {
  absl::MutexLock lock(&read_mutex_);
  return read_table_->ListEvents(after_sequence, limit, max_bytes);
}

absl::StatusOr<std::vector<release::v1::Revision>> CellStore::ListRevisions(
    absl::string_view cell_id) {
  GANTRY_RETURN_IF_ERROR(Get(cell_id).status());
  absl::MutexLock lock(&read_mutex_);
  return read_table_->ListRevisions(cell_id);
}

absl::StatusOr<std::vector<release::v1::Attempt>> CellStore::ListAttempts(
    absl::string_view cell_id, int limit, size_t max_bytes) {
  GANTRY_RETURN_IF_ERROR(Get(cell_id).status());
  absl::MutexLock lock(&read_mutex_);
  return read_table_->ListAttempts(cell_id, limit, max_bytes);
}

absl::StatusOr<AttemptLog> CellStore::GetLog(absl::string_view cell_id,
                                             int64_t fencing_token) {
  GANTRY_RETURN_IF_ERROR(Get(cell_id).status());
  absl::MutexLock lock(&read_mutex_);
  GANTRY_ASSIGN_OR_RETURN(absl::optional<AttemptLog> log,
                          read_table_->FindLog(cell_id, fencing_token));
  if (log.has_value()) return *std::move(log);
  return ResourceNotFoundError(
      "gantry.release.v1.Attempt", absl::StrCat(cell_id, "/", fencing_token),
      fencing_token == 0 ? absl::StrCat("the service has no log of ", cell_id)
                         : absl::StrCat("the service has no log of attempt ",
                                        fencing_token, " to build ", cell_id));
}

absl::StatusOr<std::vector<Fragment>> CellStore::GetFragments(
    const std::vector<std::string>& digests, size_t max_bytes) {
  std::vector<Fragment> fragments;
  size_t bytes = 0;
  absl::MutexLock lock(&read_mutex_);
  for (const std::string& digest : digests) {
    GANTRY_ASSIGN_OR_RETURN(absl::optional<Fragment> fragment,
                            read_table_->FindFragment(digest));
    if (!fragment.has_value()) {
      return ResourceNotFoundError(
          "gantry.release.v1.Fragment", digest,
          absl::StrCat("the service has no fragment ", digest));
    }
    bytes += fragment->ByteSizeLong();
    if (bytes > max_bytes && !fragments.empty()) break;
    fragments.push_back(*std::move(fragment));
  }
  return fragments;
}

absl::StatusOr<std::vector<release::v1::ChannelHead>> CellStore::ListHeads() {
  absl::MutexLock lock(&read_mutex_);
  return read_table_->ListHeads();
}

void CellStore::Write(Mutation mutation, CommitQueue::Done done) {
  if (queue_ == nullptr) {
    done(absl::FailedPreconditionError(
        absl::StrCat(path_, ": opened read-only")));
    return;
  }
  queue_->Submit(
      [this, mutation = std::move(mutation)] {
        return mutation(*write_table_, Now());
      },
      std::move(done));
}

absl::Status CellStore::WriteAndWait(Mutation mutation) {
  absl::Status result;
  absl::Notification finished;
  Write(std::move(mutation), [&](const absl::Status& status) {
    result = status;
    finished.Notify();
  });
  finished.WaitForNotification();
  return result;
}

}  // namespace gantry::service
