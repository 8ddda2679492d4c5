#ifndef GANTRY_RELEASE_SERVICE_STORE_CELL_TABLE_H_
#define GANTRY_RELEASE_SERVICE_STORE_CELL_TABLE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "proto/release.pb.h"
#include "release/service/store/database.h"

namespace gantry::service {

// What ListCells selects: all that are set must match.
struct CellFilter {
  std::string channel;
  // Prefixes.
  std::string os_release;
  std::string driver_version;
  std::string cuda_version;
  // Any of these; empty: any.
  std::vector<release::v1::CellState> states;
};

// Cells as rows of a database with our schema, which must outlive this.
// Transactions are the caller's.  Not thread-safe.
//
// A payload larger than kMaxStoredPayloadBytes, which only a version without
// that limit has recorded, is returned without its proof.
class CellTable {
 public:
  static absl::StatusOr<std::unique_ptr<CellTable>> Create(Database& database);

  // Unset: no such cell.
  absl::StatusOr<absl::optional<release::v1::Cell>> Find(absl::string_view id);

  // Cells that match, ordered by id, from the first one after `after_id`; at
  // most `limit`, and no more once their serialized size reaches `max_bytes`.
  absl::StatusOr<std::vector<release::v1::Cell>> List(
      const CellFilter& filter, absl::string_view after_id, int limit,
      size_t max_bytes);

  // All cells of the OS release, by id.  If there are none: those of the
  // releases whose names sort right before and after, among which is the one
  // with the longest common prefix.
  absl::StatusOr<std::vector<release::v1::Cell>> OfReleaseOrNeighbours(
      absl::string_view os_release);

  // Cells that are planned, failed, or building with a lease that ended at
  // `now` or before; by id, at most `limit`.
  absl::StatusOr<std::vector<release::v1::Cell>> Claimable(absl::Time now,
                                                           int limit);

  // Inserts or replaces the cell, but not its payload.
  absl::Status Put(const release::v1::Cell& cell);

  // Inserts the payload of a cell that is in the table and has none.  A payload
  // never changes: INTERNAL if the cell has one.
  absl::Status PutPayload(const release::v1::Cell& cell);

  // Greater than every token before.
  absl::StatusOr<int64_t> NextFencingToken();

 private:
  CellTable() = default;

  static absl::StatusOr<std::vector<release::v1::Cell>> ReadAll(
      Statement& statement, size_t max_bytes);

  Statement find_;
  Statement list_;
  Statement of_release_;
  Statement neighbours_;
  Statement claimable_;
  Statement put_cell_;
  Statement put_payload_;
  Statement next_token_;
};

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_STORE_CELL_TABLE_H_
