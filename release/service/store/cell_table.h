#ifndef GANTRY_RELEASE_SERVICE_STORE_CELL_TABLE_H_
#define GANTRY_RELEASE_SERVICE_STORE_CELL_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "proto/attempt.pb.h"
#include "proto/cell.pb.h"
#include "proto/channel_head.pb.h"
#include "proto/event.pb.h"
#include "proto/fragment.pb.h"
#include "proto/matrix.pb.h"
#include "proto/recipe.pb.h"
#include "proto/release_service.pb.h"
#include "proto/revision.pb.h"
#include "release/service/store/database.h"

namespace gantry::service {

// Selects cells for ListCells.  All fields that are set must match.
struct CellFilter {
  // One of the cell's.
  std::string channel;
  // These match by prefix.
  std::string os_release;
  std::string driver_version;
  std::string cuda_version;
  // One of these must match; empty: all states do.
  std::vector<release::v1::CellState> states;
};

// Selects cells for ClaimCells.
struct ClaimFilter {
  absl::Time now;
  // Also cells whose next_attempt_time is later than `now`.
  bool include_waiting = false;
  // One of these must be the cell's; empty: any cell.
  std::vector<std::string> channels;
  // See HasEpochs(); empty: any recipe, and none.
  std::vector<release::v1::StageEpoch> epochs;
  // One of these must be the cell's; empty: any cell.
  std::vector<std::string> architectures;
  // Exact; empty: any.
  std::string os_release;
};

// Whether the filter selects a claimable cell, the OS release aside.
bool Matches(const ClaimFilter& filter, const release::v1::Cell& cell);

// An attempt, and its log.
struct AttemptLog {
  release::v1::Attempt attempt;
  std::string content;
};

// The response to an earlier request.
struct RecordedResponse {
  // Of the request.
  std::string digest;
  std::string response;
};

// Reads and writes cells, their revisions and attempts, fragments, heads of
// channels and events as rows of a database with the schema of schema.h, which
// must outlive this object.  The caller controls transactions.  Not
// thread-safe.
//
// All changes of these go through Append(), except what PutUnlogged() changes.
// Logs, named leases and responses are bookkeeping without events.
//
// Versions without a limit stored payloads larger than kMaxStoredPayloadBytes;
// these are returned without their proofs.
class CellTable {
 public:
  static absl::StatusOr<std::unique_ptr<CellTable>> Create(Database& database);

  // Cells are returned with the payload of their newest revision, unless that
  // was pruned.

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

  // At most `limit` cells that are planned, failed with a next_attempt_time
  // that has come, or building with a lease that expired; ordered by demand and
  // by priority, highest first, then by want_time, then by id.
  absl::StatusOr<std::vector<release::v1::Cell>> ListClaimable(
      const ClaimFilter& filter, int limit);

  // Cells in any of the channels, neither retired nor planned with `plan_id`;
  // ordered by id.
  absl::StatusOr<std::vector<release::v1::Cell>> ListNotInPlan(
      absl::string_view plan_id, const std::vector<std::string>& channels);

  // Whether a cell of this version is blocked, or those of at least two OS
  // releases failed and are not tried again.
  absl::StatusOr<bool> HasBlockedOrRepeatedFailures(absl::string_view version);

  // The cells of this version that are neither excluded nor retired, ordered by
  // id, without their payloads.
  absl::StatusOr<std::vector<release::v1::Cell>> ListWanted(
      absl::string_view version);

  // Newest first.
  absl::StatusOr<std::vector<release::v1::Revision>> ListRevisions(
      absl::string_view cell_id);

  // Newest first.  Stops as List() does.
  absl::StatusOr<std::vector<release::v1::Attempt>> ListAttempts(
      absl::string_view cell_id, int limit, size_t max_bytes);

  // The attempt with this token; with 0, the newest one whose log is stored.
  // Returns nullopt if there is none, or it has no log.
  absl::StatusOr<absl::optional<AttemptLog>> FindLog(absl::string_view cell_id,
                                                     int64_t fencing_token);

  // Returns nullopt if there is no such fragment.
  absl::StatusOr<absl::optional<release::v1::Fragment>> FindFragment(
      absl::string_view digest);

  // Returns nullopt if the channel has no head.
  absl::StatusOr<absl::optional<release::v1::ChannelHead>> FindHead(
      matrix::v1::Family family, absl::string_view name);

  // Ordered by family and name.
  absl::StatusOr<std::vector<release::v1::ChannelHead>> ListHeads();

  // Events after `after_sequence`, in order.  As List().
  absl::StatusOr<std::vector<release::v1::Event>> ListEvents(
      int64_t after_sequence, int limit, size_t max_bytes);

  // Who asks for the changes that follow: the actor of their events, instead
  // of that which the events have.  Empty: nobody in particular.
  void set_actor(std::string actor) { actor_ = std::move(actor); }

  // Appends an event with the next sequence number, and makes the records of
  // its cell, revision, attempt, fragment and head those of the event.
  // INTERNAL: its revision is in the table with another payload.
  absl::Status Append(release::v1::Event event);

  // Replaces a cell, which must be in the table and differ only in its lease's
  // expiry time or in its demand.
  absl::Status PutUnlogged(const release::v1::Cell& cell);

  // Makes all records those of the events again.  Leases that were renewed have
  // their first expiry time, and demand is that of the cell's last event.
  absl::Status Rebuild();

  // Returns a token that is greater than all earlier ones.
  absl::StatusOr<int64_t> NextFencingToken();

  // Stores the log of an attempt that ends at `now`.
  absl::Status PutLog(absl::string_view digest, absl::string_view content,
                      absl::Time now);

  // Deletes the logs of which all attempts ended before `time`, and returns
  // their number.
  absl::StatusOr<int> DeleteLogs(absl::Time time);

  // Returns nullopt if it was never granted, or was given back.
  absl::StatusOr<absl::optional<release::v1::NamedLease>> FindNamedLease(
      absl::string_view name);
  absl::Status PutNamedLease(const release::v1::NamedLease& lease);
  // Changes nothing if another worker has it.
  absl::Status DeleteNamedLease(absl::string_view name,
                                absl::string_view worker);

  // Returns nullopt if no request had this id.
  absl::StatusOr<absl::optional<RecordedResponse>> FindResponse(
      absl::string_view request_id);

  // Also forgets responses that are older than a day.
  absl::Status PutResponse(absl::string_view request_id,
                           const RecordedResponse& response, absl::Time now);

 private:
  explicit CellTable(Database& database) : database_(database) {}

  absl::Status Project(const release::v1::Event& event);
  absl::Status PutCell(const release::v1::Cell& cell);

  Database& database_;
  std::string actor_;
  Statement find_;
  Statement list_;
  Statement of_release_;
  Statement neighbours_;
  Statement claimable_;
  Statement claimable_of_release_;
  Statement not_in_plan_;
  Statement has_blocked_or_repeated_failures_;
  Statement wanted_;
  Statement revisions_;
  Statement attempts_;
  Statement fragment_;
  Statement head_;
  Statement heads_;
  Statement events_;
  Statement append_;
  Statement put_cell_;
  Statement put_revision_;
  Statement put_attempt_;
  Statement put_fragment_;
  Statement put_head_;
  Statement find_log_;
  Statement put_log_;
  Statement delete_logs_;
  Statement find_named_lease_;
  Statement put_named_lease_;
  Statement delete_named_lease_;
  Statement next_token_;
  Statement find_response_;
  Statement put_response_;
  Statement forget_responses_;
};

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_STORE_CELL_TABLE_H_
