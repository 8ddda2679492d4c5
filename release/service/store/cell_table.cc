#include "release/service/store/cell_table.h"

#include <limits>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "google/protobuf/util/time_util.h"
#include "release/service/store/limits.h"

namespace gantry::service {
namespace {

using ::gantry::release::v1::Cell;
using ::google::protobuf::util::TimeUtil;

// The columns that ReadCell expects.
constexpr absl::string_view kSelect =
    "SELECT cell.record, payload.record FROM cell "
    "LEFT JOIN payload ON payload.cell_id = cell.id ";

constexpr size_t kNoLimit = std::numeric_limits<size_t>::max();

absl::StatusOr<Cell> ReadCell(const Statement& row) {
  Cell cell;
  const absl::string_view record = row.Bytes(0);
  if (!cell.ParseFromArray(record.data(), static_cast<int>(record.size()))) {
    return absl::DataLossError("a cell record does not parse");
  }
  if (!row.IsNull(1)) {
    const absl::string_view payload = row.Bytes(1);
    if (!cell.mutable_payload()->ParseFromArray(
            payload.data(), static_cast<int>(payload.size()))) {
      return absl::DataLossError(
          absl::StrCat("the payload record of ", cell.id(), " does not parse"));
    }
    if (payload.size() > kMaxStoredPayloadBytes) {
      cell.mutable_payload()->clear_proof();
      cell.mutable_payload()->DiscardUnknownFields();
    }
  }
  return cell;
}

int64_t StateMask(const CellFilter& filter) {
  int64_t mask = 0;
  for (release::v1::CellState state : filter.states)
    mask |= int64_t{1} << state;
  return mask;
}

}  // namespace

absl::StatusOr<std::unique_ptr<CellTable>> CellTable::Create(
    Database& database) {
  std::unique_ptr<CellTable> table(new CellTable);
  const struct {
    Statement& statement;
    std::string sql;
  } statements[] = {
      {table->find_, absl::StrCat(kSelect, "WHERE cell.id = ?1")},
      // Ids start with the OS release and contain no character above "~", so a
      // prefix of the OS release is also a range of the primary key.
      {table->list_,
       absl::StrCat(kSelect,
                    "WHERE cell.id > ?1 AND (?2 = '' OR channel = ?2) "
                    "AND cell.id >= ?3 AND cell.id < ?3 || '~' "
                    "AND substr(os_release, 1, length(?3)) = ?3 "
                    "AND substr(driver_version, 1, length(?4)) = ?4 "
                    "AND substr(cuda_version, 1, length(?5)) = ?5 "
                    "AND (?6 = 0 OR (?6 >> state) & 1) "
                    "ORDER BY cell.id LIMIT ?7")},
      {table->of_release_,
       absl::StrCat(kSelect, "WHERE os_release = ?1 ORDER BY cell.id")},
      {table->neighbours_,
       absl::StrCat(
           kSelect,
           "WHERE os_release IN "
           "((SELECT MAX(os_release) FROM cell WHERE os_release < ?1), "
           "(SELECT MIN(os_release) FROM cell WHERE os_release > ?1)) "
           "ORDER BY cell.id")},
      {table->claimable_,
       absl::StrCat(kSelect, "WHERE state IN (",
                    release::v1::CELL_STATE_PLANNED, ", ",
                    release::v1::CELL_STATE_FAILED,
                    ") OR (state = ", release::v1::CELL_STATE_BUILDING,
                    " AND lease_expire_us <= ?1) ORDER BY cell.id LIMIT ?2")},
      {table->put_cell_,
       "INSERT INTO cell VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) "
       "ON CONFLICT (id) DO UPDATE SET channel = ?2, state = ?6, "
       "lease_expire_us = ?7, record = ?8"},
      {table->put_payload_, "INSERT INTO payload VALUES (?1, ?2)"},
      {table->next_token_,
       "UPDATE counter SET value = value + 1 WHERE name = 'fencing_token' "
       "RETURNING value"},
  };
  for (const auto& [statement, sql] : statements) {
    GANTRY_ASSIGN_OR_RETURN(statement, database.Prepare(sql));
  }
  return table;
}

absl::StatusOr<std::vector<Cell>> CellTable::ReadAll(Statement& statement,
                                                     size_t max_bytes) {
  const auto reset = absl::MakeCleanup([&] { statement.Reset(); });
  std::vector<Cell> cells;
  size_t bytes = 0;
  while (bytes < max_bytes) {
    GANTRY_ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) break;
    GANTRY_ASSIGN_OR_RETURN(Cell cell, ReadCell(statement));
    bytes += cell.ByteSizeLong();
    cells.push_back(std::move(cell));
  }
  return cells;
}

absl::StatusOr<absl::optional<Cell>> CellTable::Find(absl::string_view id) {
  GANTRY_ASSIGN_OR_RETURN(std::vector<Cell> cells,
                          ReadAll(find_.Bind(id), kNoLimit));
  if (cells.empty()) return absl::optional<Cell>();
  return absl::optional<Cell>(std::move(cells.front()));
}

absl::StatusOr<std::vector<Cell>> CellTable::List(const CellFilter& filter,
                                                  absl::string_view after_id,
                                                  int limit, size_t max_bytes) {
  list_.Bind(after_id)
      .Bind(filter.channel)
      .Bind(filter.os_release)
      .Bind(filter.driver_version)
      .Bind(filter.cuda_version)
      .Bind(StateMask(filter))
      .Bind(int64_t{limit});
  return ReadAll(list_, max_bytes);
}

absl::StatusOr<std::vector<Cell>> CellTable::ListReleaseOrNeighbours(
    absl::string_view os_release) {
  GANTRY_ASSIGN_OR_RETURN(std::vector<Cell> cells,
                          ReadAll(of_release_.Bind(os_release), kNoLimit));
  if (!cells.empty()) return cells;
  return ReadAll(neighbours_.Bind(os_release), kNoLimit);
}

absl::StatusOr<std::vector<Cell>> CellTable::ListClaimable(absl::Time now,
                                                           int limit) {
  return ReadAll(claimable_.Bind(absl::ToUnixMicros(now)).Bind(int64_t{limit}),
                 kNoLimit);
}

absl::Status CellTable::Put(const Cell& cell) {
  Cell record = cell;
  record.clear_payload();
  const int64_t lease_expire_us =
      cell.has_lease()
          ? TimeUtil::TimestampToMicroseconds(cell.lease().expire_time())
          : 0;
  put_cell_.Bind(cell.id())
      .Bind(cell.channel())
      .Bind(cell.coordinates().os_release())
      .Bind(cell.coordinates().driver_version())
      .Bind(cell.coordinates().cuda_version())
      .Bind(int64_t{cell.state()})
      .Bind(lease_expire_us)
      .BindBlob(record.SerializeAsString());
  return put_cell_.Run();
}

absl::Status CellTable::PutPayload(const Cell& cell) {
  return put_payload_.Bind(cell.id())
      .BindBlob(cell.payload().SerializeAsString())
      .Run();
}

absl::StatusOr<int64_t> CellTable::NextFencingToken() {
  const auto reset = absl::MakeCleanup([&] { next_token_.Reset(); });
  GANTRY_ASSIGN_OR_RETURN(const bool row, next_token_.Step());
  if (!row) return absl::DataLossError("the fencing token counter is missing");
  const int64_t token = next_token_.Number(0);
  // The update is complete: RETURNING produces rows only after all changes
  // (sqlite.org/lang_returning.html, 2.3).
  return token;
}

}  // namespace gantry::service
