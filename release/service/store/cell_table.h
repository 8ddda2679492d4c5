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
#include "proto/cell.pb.h"
#include "release/service/store/database.h"

namespace gantry::service {

// Selects cells for ListCells.  All fields that are set must match.
struct CellFilter {
  std::string channel;
  // These match by prefix.
  std::string os_release;
  std::string driver_version;
  std::string cuda_version;
  // One of these must match; empty: all states do.
  std::vector<release::v1::CellState> states;
};

// Reads and writes cells as rows of a database with the schema of schema.h,
// which must outlive this object.  The caller controls transactions.  Not
// thread-safe.
//
// Versions without a limit stored payloads larger than kMaxStoredPayloadBytes;
// these are returned without their proofs.
class CellTable {
 public:
  static absl::StatusOr<std::unique_ptr<CellTable>> Create(Database& database);

  // Returns nullopt if there is no such cell.
  absl::StatusOr<absl::optional<release::v1::Cell>> Find(absl::string_view id);

  // The matching cells whose ids are greater than `after_id`, ordered by id.
  // Stops after `limit` cells, or once their serialized size reaches
  // `max_bytes`.
  absl::StatusOr<std::vector<release::v1::Cell>> List(
      const CellFilter& filter, absl::string_view after_id, int limit,
      size_t max_bytes);

  // All cells of the OS release, ordered by id.  If it has none: the cells of
  // the two releases whose names sort directly before and after it, of which
  // one shares the longest prefix with it.
  absl::StatusOr<std::vector<release::v1::Cell>> ListReleaseOrNeighbours(
      absl::string_view os_release);

  // Cells that are planned, failed, or building with a lease that expires at
  // `now` or earlier; ordered by id, at most `limit`.
  absl::StatusOr<std::vector<release::v1::Cell>> ListClaimable(absl::Time now,
                                                               int limit);

  // Inserts or replaces the cell without its payload.
  absl::Status Put(const release::v1::Cell& cell);

  // Inserts the payload of a cell, which must be in the table.  INTERNAL: the
  // cell already has a payload; payloads are immutable.
  absl::Status PutPayload(const release::v1::Cell& cell);

  // Returns a token that is greater than all earlier ones.
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
