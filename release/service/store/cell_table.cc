#include "release/service/store/cell_table.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "base/proto_time.h"
#include "base/status_macros.h"
#include "google/protobuf/timestamp.pb.h"
#include "proto/coordinates.pb.h"
#include "proto/payload.pb.h"
#include "release/service/store/epochs.h"
#include "release/service/store/limits.h"

namespace gantry::service {
namespace {

using ::gantry::release::v1::Attempt;
using ::gantry::release::v1::Cell;
using ::gantry::release::v1::ChannelHead;
using ::gantry::release::v1::Event;
using ::gantry::release::v1::Fragment;
using ::gantry::release::v1::NamedLease;
using ::gantry::release::v1::Revision;

// The columns that ReadCell expects.
constexpr absl::string_view kSelect =
    "SELECT cell.record, revision.record FROM cell LEFT JOIN revision "
    "ON revision.cell_id = cell.id AND revision.number = cell.revision ";

// Cells that may be claimed at ?1; ?2: also those that wait.  `state` compares
// the state with what follows.  Each state is a query of its own, so that the
// index cell_by_state gives its rows in order.
std::string Claimable(absl::string_view state) {
  const std::string select = absl::StrCat(
      "SELECT cell.record, revision.record, cell.demand AS demand, "
      "cell.priority AS priority, cell.want_us AS want_us, cell.id AS id "
      "FROM cell LEFT JOIN revision ON revision.cell_id = cell.id "
      "AND revision.number = cell.revision WHERE ",
      state, " ");
  return absl::StrCat(
      select, release::v1::CELL_STATE_PLANNED, " UNION ALL ", select,
      release::v1::CELL_STATE_FAILED,
      " AND next_attempt_us <> 0 AND (?2 OR next_attempt_us <= ?1) UNION ALL ",
      select, release::v1::CELL_STATE_BUILDING,
      " AND lease_expire_us <= ?1 "
      "ORDER BY demand DESC, priority DESC, want_us, id");
}

constexpr size_t kNoBytesLimit = std::numeric_limits<size_t>::max();
constexpr int kNoLimit = std::numeric_limits<int>::max();

constexpr absl::Duration kResponseLifetime = absl::Hours(24);

// Rows of Rebuild() that are read at once.
constexpr int kRebuildBatch = 256;

int64_t Micros(const google::protobuf::Timestamp& time) {
  return absl::ToUnixMicros(ToTime(time));
}

template <typename Record>
absl::StatusOr<Record> ParseRecord(const Statement& row, int column) {
  Record record;
  const absl::string_view bytes = row.Bytes(column);
  if (!record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::DataLossError(absl::StrCat("a record of type ",
                                            record.GetTypeName(),
                                            " in the database does not parse"));
  }
  return record;
}

void DropOversizedProof(release::v1::Payload& payload) {
  if (payload.ByteSizeLong() <= kMaxStoredPayloadBytes) return;
  payload.clear_proof();
  payload.DiscardUnknownFields();
}

absl::StatusOr<Revision> ReadRevision(const Statement& row, int column) {
  GANTRY_ASSIGN_OR_RETURN(Revision revision,
                          ParseRecord<Revision>(row, column));
  DropOversizedProof(*revision.mutable_payload());
  return revision;
}

absl::StatusOr<Cell> ReadCell(const Statement& row) {
  GANTRY_ASSIGN_OR_RETURN(Cell cell, ParseRecord<Cell>(row, 0));
  if (!row.IsNull(1)) {
    GANTRY_ASSIGN_OR_RETURN(Revision revision, ReadRevision(row, 1));
    if (!revision.has_prune_time()) {
      *cell.mutable_payload() = std::move(*revision.mutable_payload());
    }
  }
  return cell;
}

// Reads the rows of a statement, whose parameters are bound, with `read`: those
// for which `keep` returns true.
template <typename Read, typename Keep>
auto ReadRows(Statement& statement, int limit, size_t max_bytes, Read read,
              Keep keep)
    -> absl::StatusOr<
        std::vector<typename decltype(read(statement))::value_type>> {
  const auto reset = absl::MakeCleanup([&] { statement.Reset(); });
  std::vector<typename decltype(read(statement))::value_type> records;
  size_t bytes = 0;
  while (static_cast<int>(records.size()) < limit && bytes < max_bytes) {
    GANTRY_ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) break;
    GANTRY_ASSIGN_OR_RETURN(auto record, read(statement));
    if (!keep(record)) continue;
    bytes += record.ByteSizeLong();
    records.push_back(std::move(record));
  }
  return records;
}

template <typename Read>
auto ReadRows(Statement& statement, int limit, size_t max_bytes, Read read) {
  return ReadRows(statement, limit, max_bytes, read,
                  [](const auto&) { return true; });
}

absl::StatusOr<std::vector<Cell>> ReadCells(Statement& statement,
                                            size_t max_bytes = kNoBytesLimit) {
  return ReadRows(statement, kNoLimit, max_bytes, ReadCell);
}

// The record in the first column of the only row; nullopt: there is none.
template <typename Record>
absl::StatusOr<absl::optional<Record>> ReadOne(Statement& statement) {
  const auto reset = absl::MakeCleanup([&] { statement.Reset(); });
  GANTRY_ASSIGN_OR_RETURN(const bool row, statement.Step());
  if (!row) return absl::optional<Record>();
  GANTRY_ASSIGN_OR_RETURN(Record record, ParseRecord<Record>(statement, 0));
  return absl::make_optional(std::move(record));
}

bool IsInAnyChannel(const Cell& cell,
                    const std::vector<std::string>& channels) {
  return std::find_first_of(cell.channels().begin(), cell.channels().end(),
                            channels.begin(),
                            channels.end()) != cell.channels().end();
}

std::string JoinChannels(const Cell& cell) {
  std::string joined = "\n";
  for (const std::string& channel : cell.channels()) {
    absl::StrAppend(&joined, channel, "\n");
  }
  return joined;
}

int64_t StateMask(const CellFilter& filter) {
  int64_t mask = 0;
  for (release::v1::CellState state : filter.states) {
    mask |= int64_t{1} << state;
  }
  return mask;
}

}  // namespace

absl::StatusOr<std::unique_ptr<CellTable>> CellTable::Create(
    Database& database) {
  std::unique_ptr<CellTable> table(new CellTable(database));
  const struct {
    Statement& statement;
    std::string sql;
  } statements[] = {
      {table->find_, absl::StrCat(kSelect, "WHERE cell.id = ?1")},
      // Ids start with the OS release and contain no character above "~", so a
      // prefix of the OS release is also a range of the primary key.
      {table->list_,
       absl::StrCat(kSelect,
                    "WHERE cell.id > ?1 AND (?2 = '' OR "
                    "instr(channels, char(10) || ?2 || char(10)) <> 0) "
                    "AND cell.id >= ?3 AND cell.id < ?3 || '~' "
                    "AND substr(os_release, 1, length(?3)) = ?3 "
                    "AND substr(version, 1, length(?4)) = ?4 "
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
      {table->claimable_, Claimable("state =")},
      // The few cells of a release are sorted: "+" keeps that index out.
      {table->claimable_of_release_, Claimable("os_release = ?3 AND +state =")},
      {table->not_in_plan_,
       absl::StrCat(kSelect, "WHERE plan_id <> ?1 AND state <> ",
                    release::v1::CELL_STATE_RETIRED, " ORDER BY cell.id")},
      {table->has_blocked_or_repeated_failures_,
       absl::StrCat("SELECT EXISTS (SELECT 1 FROM cell WHERE version = ?1 "
                    "AND state = ",
                    release::v1::CELL_STATE_BLOCKED,
                    ") OR (SELECT COUNT(DISTINCT os_release) FROM cell "
                    "WHERE version = ?1 AND state = ",
                    release::v1::CELL_STATE_FAILED,
                    " AND next_attempt_us = 0) >= 2")},
      {table->wanted_,
       absl::StrCat("SELECT record, NULL FROM cell WHERE version = ?1 "
                    "AND state NOT IN (",
                    release::v1::CELL_STATE_EXCLUDED, ", ",
                    release::v1::CELL_STATE_RETIRED, ") ORDER BY id")},
      {table->revisions_,
       "SELECT record FROM revision WHERE cell_id = ?1 ORDER BY number DESC"},
      {table->attempts_,
       "SELECT record FROM attempt WHERE cell_id = ?1 "
       "ORDER BY fencing_token DESC"},
      {table->fragment_, "SELECT record FROM fragment WHERE digest = ?1"},
      {table->head_, "SELECT record FROM head WHERE family = ?1 AND name = ?2"},
      {table->heads_, "SELECT record FROM head ORDER BY family, name"},
      {table->events_,
       "SELECT record, sequence FROM event WHERE sequence > ?1 "
       "ORDER BY sequence LIMIT ?2"},
      {table->append_,
       "INSERT INTO event SELECT ifnull(max(sequence), 0) + 1, ?1, ?2 "
       "FROM event"},
      {table->put_cell_,
       "INSERT INTO cell VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, "
       "?12, ?13, ?14) ON CONFLICT (id) DO UPDATE SET channels = ?5, "
       "state = ?6, lease_expire_us = ?7, next_attempt_us = ?8, "
       "priority = ?9, want_us = ?10, revision = ?11, plan_id = ?12, "
       "record = ?13, demand = ?14"},
      {table->put_revision_,
       "INSERT INTO revision VALUES (?1, ?2, ?3, ?4) "
       "ON CONFLICT (cell_id, number) DO UPDATE SET digest = ?3, record = ?4"},
      {table->put_attempt_,
       "INSERT INTO attempt VALUES (?1, ?2, ?3) "
       "ON CONFLICT (cell_id, fencing_token) DO UPDATE SET record = ?3"},
      {table->put_fragment_, "INSERT OR REPLACE INTO fragment VALUES (?1, ?2)"},
      {table->put_head_, "INSERT OR REPLACE INTO head VALUES (?1, ?2, ?3)"},
      {table->find_log_, "SELECT content FROM log WHERE digest = ?1"},
      {table->put_log_,
       "INSERT INTO log VALUES (?1, ?2, ?3) ON CONFLICT (digest) "
       "DO UPDATE SET time_us = max(time_us, ?2)"},
      {table->delete_logs_, "DELETE FROM log WHERE time_us < ?1 RETURNING 1"},
      {table->find_named_lease_,
       "SELECT worker, expire_us FROM named_lease WHERE name = ?1"},
      {table->put_named_lease_,
       "INSERT OR REPLACE INTO named_lease VALUES (?1, ?2, ?3)"},
      {table->delete_named_lease_,
       "DELETE FROM named_lease WHERE name = ?1 AND worker = ?2"},
      {table->next_token_,
       "UPDATE counter SET value = value + 1 WHERE name = 'fencing_token' "
       "RETURNING value"},
      {table->find_response_,
       "SELECT digest, response FROM request WHERE id = ?1"},
      {table->put_response_,
       "INSERT OR REPLACE INTO request VALUES (?1, ?2, ?3, ?4)"},
      {table->forget_responses_, "DELETE FROM request WHERE time_us < ?1"},
  };
  for (const auto& [statement, sql] : statements) {
    GANTRY_ASSIGN_OR_RETURN(statement, database.Prepare(sql));
  }
  return table;
}

absl::StatusOr<absl::optional<Cell>> CellTable::Find(absl::string_view id) {
  GANTRY_ASSIGN_OR_RETURN(std::vector<Cell> cells, ReadCells(find_.Bind(id)));
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
  return ReadCells(list_, max_bytes);
}

absl::StatusOr<std::vector<Cell>> CellTable::ListReleaseOrNeighbours(
    absl::string_view os_release) {
  GANTRY_ASSIGN_OR_RETURN(std::vector<Cell> cells,
                          ReadCells(of_release_.Bind(os_release)));
  if (!cells.empty()) return cells;
  return ReadCells(neighbours_.Bind(os_release));
}

bool Matches(const ClaimFilter& filter, const Cell& cell) {
  const auto& architectures = filter.architectures;
  return (filter.channels.empty() || IsInAnyChannel(cell, filter.channels)) &&
         (architectures.empty() ||
          std::find(architectures.begin(), architectures.end(),
                    cell.coordinates().architecture()) !=
              architectures.end()) &&
         (filter.epochs.empty() ||
          (cell.has_wanted_recipe() &&
           HasEpochs(filter.epochs, cell.wanted_recipe())));
}

absl::StatusOr<std::vector<Cell>> CellTable::ListClaimable(
    const ClaimFilter& filter, int limit) {
  Statement& statement =
      filter.os_release.empty() ? claimable_ : claimable_of_release_;
  statement.Bind(absl::ToUnixMicros(filter.now))
      .Bind(int64_t{filter.include_waiting});
  if (!filter.os_release.empty()) statement.Bind(filter.os_release);
  return ReadRows(statement, limit, kNoBytesLimit, ReadCell,
                  [&](const Cell& cell) { return Matches(filter, cell); });
}

absl::StatusOr<std::vector<Cell>> CellTable::ListNotInPlan(
    absl::string_view plan_id, const std::vector<std::string>& channels) {
  return ReadRows(
      not_in_plan_.Bind(plan_id), kNoLimit, kNoBytesLimit, ReadCell,
      [&](const Cell& cell) { return IsInAnyChannel(cell, channels); });
}

absl::StatusOr<bool> CellTable::HasBlockedOrRepeatedFailures(
    absl::string_view version) {
  Statement& statement = has_blocked_or_repeated_failures_;
  const auto reset = absl::MakeCleanup([&] { statement.Reset(); });
  GANTRY_ASSIGN_OR_RETURN(const bool row, statement.Bind(version).Step());
  return row && statement.Number(0) != 0;
}

absl::StatusOr<std::vector<Cell>> CellTable::ListWanted(
    absl::string_view version) {
  return ReadCells(wanted_.Bind(version));
}

absl::StatusOr<std::vector<Revision>> CellTable::ListRevisions(
    absl::string_view cell_id) {
  return ReadRows(revisions_.Bind(cell_id), kNoLimit, kNoBytesLimit,
                  [](const Statement& row) { return ReadRevision(row, 0); });
}

absl::StatusOr<std::vector<Attempt>> CellTable::ListAttempts(
    absl::string_view cell_id, int limit, size_t max_bytes) {
  return ReadRows(
      attempts_.Bind(cell_id), limit, max_bytes,
      [](const Statement& row) { return ParseRecord<Attempt>(row, 0); });
}

absl::StatusOr<absl::optional<AttemptLog>> CellTable::FindLog(
    absl::string_view cell_id, int64_t fencing_token) {
  GANTRY_ASSIGN_OR_RETURN(
      std::vector<Attempt> attempts,
      ReadRows(
          attempts_.Bind(cell_id), kNoLimit, kNoBytesLimit,
          [](const Statement& row) { return ParseRecord<Attempt>(row, 0); },
          [&](const Attempt& attempt) {
            return !attempt.log_digest().empty() &&
                   (fencing_token == 0 ||
                    attempt.fencing_token() == fencing_token);
          }));
  const auto reset = absl::MakeCleanup([&] { find_log_.Reset(); });
  for (Attempt& attempt : attempts) {
    GANTRY_ASSIGN_OR_RETURN(
        const bool row, find_log_.Reset().Bind(attempt.log_digest()).Step());
    if (!row) continue;
    return absl::make_optional(
        AttemptLog{std::move(attempt), std::string(find_log_.Bytes(0))});
  }
  return absl::optional<AttemptLog>();
}

absl::StatusOr<absl::optional<Fragment>> CellTable::FindFragment(
    absl::string_view digest) {
  return ReadOne<Fragment>(fragment_.Bind(digest));
}

absl::StatusOr<absl::optional<ChannelHead>> CellTable::FindHead(
    matrix::v1::Family family, absl::string_view name) {
  return ReadOne<ChannelHead>(head_.Bind(int64_t{family}).Bind(name));
}

absl::StatusOr<std::vector<ChannelHead>> CellTable::ListHeads() {
  return ReadRows(heads_, kNoLimit, kNoBytesLimit, [](const Statement& row) {
    return ParseRecord<ChannelHead>(row, 0);
  });
}

absl::StatusOr<std::vector<Event>> CellTable::ListEvents(int64_t after_sequence,
                                                         int limit,
                                                         size_t max_bytes) {
  const auto read = [](const Statement& row) -> absl::StatusOr<Event> {
    GANTRY_ASSIGN_OR_RETURN(Event event, ParseRecord<Event>(row, 0));
    event.set_sequence(row.Number(1));
    return event;
  };
  return ReadRows(events_.Bind(after_sequence).Bind(int64_t{limit}), limit,
                  max_bytes, read);
}

absl::Status CellTable::Append(Event event) {
  if (event.has_cell()) event.mutable_cell()->clear_payload();
  if (!actor_.empty()) event.set_actor(actor_);
  // The column has it.
  event.clear_sequence();
  GANTRY_RETURN_IF_ERROR(append_.Bind(event.cell().id())
                             .BindBlob(event.SerializeAsString())
                             .Run());
  return Project(event);
}

absl::Status CellTable::Project(const Event& event) {
  if (event.has_revision()) {
    const Revision& revision = event.revision();
    GANTRY_RETURN_IF_ERROR(put_revision_.Bind(revision.cell_id())
                               .Bind(int64_t{revision.number()})
                               .Bind(revision.payload().digest())
                               .BindBlob(revision.SerializeAsString())
                               .Run());
  }
  if (event.has_attempt()) {
    const Attempt& attempt = event.attempt();
    GANTRY_RETURN_IF_ERROR(put_attempt_.Bind(attempt.cell_id())
                               .Bind(attempt.fencing_token())
                               .BindBlob(attempt.SerializeAsString())
                               .Run());
  }
  if (event.has_fragment()) {
    const Fragment& fragment = event.fragment();
    GANTRY_RETURN_IF_ERROR(put_fragment_.Bind(fragment.reference().digest())
                               .BindBlob(fragment.SerializeAsString())
                               .Run());
  }
  if (event.has_head()) {
    const ChannelHead& head = event.head();
    GANTRY_RETURN_IF_ERROR(put_head_.Bind(int64_t{head.family()})
                               .Bind(head.name())
                               .BindBlob(head.SerializeAsString())
                               .Run());
  }
  return event.has_cell() ? PutCell(event.cell()) : absl::OkStatus();
}

absl::Status CellTable::PutCell(const Cell& cell) {
  put_cell_.Bind(cell.id())
      .Bind(cell.coordinates().os_release())
      .Bind(cell.coordinates().version())
      .Bind(cell.coordinates().cuda_version())
      .Bind(JoinChannels(cell))
      .Bind(int64_t{cell.state()})
      .Bind(cell.has_lease() ? Micros(cell.lease().expire_time()) : 0)
      .Bind(cell.has_next_attempt_time() ? Micros(cell.next_attempt_time()) : 0)
      .Bind(int64_t{cell.priority()})
      .Bind(cell.has_want_time() ? Micros(cell.want_time()) : 0)
      .Bind(int64_t{cell.revision()})
      .Bind(cell.plan_id())
      .BindBlob(cell.SerializeAsString())
      .Bind(cell.demand());
  return put_cell_.Run();
}

absl::Status CellTable::PutUnlogged(const Cell& cell) {
  Cell record = cell;
  record.clear_payload();
  return PutCell(record);
}

absl::Status CellTable::Rebuild() {
  GANTRY_RETURN_IF_ERROR(database_.Execute(
      "DROP TRIGGER revision_is_never_deleted;"
      "DELETE FROM cell; DELETE FROM revision; DELETE FROM attempt;"
      "DELETE FROM fragment; DELETE FROM head;"
      "CREATE TRIGGER revision_is_never_deleted BEFORE DELETE ON revision "
      "BEGIN SELECT RAISE (ABORT, 'revisions are immutable'); END;"));
  int64_t sequence = 0;
  while (true) {
    GANTRY_ASSIGN_OR_RETURN(const std::vector<Event> events,
                            ListEvents(sequence, kRebuildBatch, kNoBytesLimit));
    if (events.empty()) return absl::OkStatus();
    for (const Event& event : events) GANTRY_RETURN_IF_ERROR(Project(event));
    sequence = events.back().sequence();
  }
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

absl::Status CellTable::PutLog(absl::string_view digest,
                               absl::string_view content, absl::Time now) {
  return put_log_.Bind(digest)
      .Bind(absl::ToUnixMicros(now))
      .BindBlob(content)
      .Run();
}

absl::StatusOr<int> CellTable::DeleteLogs(absl::Time time) {
  const auto reset = absl::MakeCleanup([&] { delete_logs_.Reset(); });
  delete_logs_.Bind(absl::ToUnixMicros(time));
  for (int count = 0;; ++count) {
    GANTRY_ASSIGN_OR_RETURN(const bool row, delete_logs_.Step());
    if (!row) return count;
  }
}

absl::StatusOr<absl::optional<NamedLease>> CellTable::FindNamedLease(
    absl::string_view name) {
  const auto reset = absl::MakeCleanup([&] { find_named_lease_.Reset(); });
  GANTRY_ASSIGN_OR_RETURN(const bool row, find_named_lease_.Bind(name).Step());
  if (!row) return absl::optional<NamedLease>();
  NamedLease lease;
  lease.set_name(std::string(name));
  lease.set_worker(std::string(find_named_lease_.Bytes(0)));
  *lease.mutable_expire_time() =
      ToTimestamp(absl::FromUnixMicros(find_named_lease_.Number(1)));
  return absl::make_optional(std::move(lease));
}

absl::Status CellTable::PutNamedLease(const NamedLease& lease) {
  return put_named_lease_.Bind(lease.name())
      .Bind(lease.worker())
      .Bind(Micros(lease.expire_time()))
      .Run();
}

absl::Status CellTable::DeleteNamedLease(absl::string_view name,
                                         absl::string_view worker) {
  return delete_named_lease_.Bind(name).Bind(worker).Run();
}

absl::StatusOr<absl::optional<RecordedResponse>> CellTable::FindResponse(
    absl::string_view request_id) {
  const auto reset = absl::MakeCleanup([&] { find_response_.Reset(); });
  GANTRY_ASSIGN_OR_RETURN(const bool row,
                          find_response_.Bind(request_id).Step());
  if (!row) return absl::optional<RecordedResponse>();
  return absl::make_optional(
      RecordedResponse{std::string(find_response_.Bytes(0)),
                       std::string(find_response_.Bytes(1))});
}

absl::Status CellTable::PutResponse(absl::string_view request_id,
                                    const RecordedResponse& response,
                                    absl::Time now) {
  GANTRY_RETURN_IF_ERROR(
      forget_responses_.Bind(absl::ToUnixMicros(now - kResponseLifetime))
          .Run());
  return put_response_.Bind(request_id)
      .Bind(absl::ToUnixMicros(now))
      .Bind(response.digest)
      .BindBlob(response.response)
      .Run();
}

}  // namespace gantry::service
