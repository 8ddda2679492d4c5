#include "release/service/store/lifecycle.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/cell_name.h"
#include "base/cell_state_name.h"
#include "base/digest.h"
#include "base/proto_time.h"
#include "base/status_macros.h"
#include "google/protobuf/util/message_differencer.h"
#include "google/protobuf/util/time_util.h"
#include "proto/attempt.pb.h"
#include "proto/coordinates.pb.h"
#include "proto/payload.pb.h"
#include "proto/recipe.pb.h"
#include "release/service/rpc_status/error_details.h"
#include "release/service/store/epochs.h"
#include "release/service/store/proof_check.h"

namespace gantry::service {
namespace {

using ::gantry::cell::v1::CellCoordinates;
using ::gantry::release::v1::Attempt;
using ::gantry::release::v1::Cell;
using ::gantry::release::v1::CellPlan;
using ::gantry::release::v1::Event;
using ::gantry::release::v1::FailAttemptRequest;
using ::gantry::release::v1::RecordRevisionRequest;
using ::gantry::release::v1::Revision;
using ::google::protobuf::util::MessageDifferencer;
using ::google::protobuf::util::TimeUtil;

constexpr absl::Duration kFirstDelay = absl::Minutes(1);
constexpr absl::Duration kMaxDelay = absl::Hours(6);
// So many failures of the infrastructure in a row park a cell.
constexpr int kMaxInfrastructureFailures = 5;

// Adds the recipe with this digest, in full if the cell has it: it may be one
// that is not wanted any more.
void AddRecipe(const Cell& cell, const std::string& digest,
               Revision& revision) {
  revision.add_recipe_digests(digest);
  for (const release::v1::Recipe* recipe :
       {&cell.lease().recipe(), &cell.wanted_recipe()}) {
    if (recipe->digest() != digest) continue;
    *revision.add_recipes() = *recipe;
    return;
  }
}

Event MakeEvent(release::v1::EventKind kind, Cell cell, absl::Time now) {
  Event event;
  event.set_kind(kind);
  *event.mutable_time() = ToTimestamp(now);
  *event.mutable_cell() = std::move(cell);
  return event;
}

void SetState(Cell& cell, release::v1::CellState state, absl::Time now) {
  if (cell.state() == state) return;
  cell.set_state(state);
  *cell.mutable_update_time() = ToTimestamp(now);
}

void ClearFailure(Cell& cell) {
  cell.clear_reason();
  cell.clear_failure();
  cell.clear_next_attempt_time();
  cell.clear_log_uri();
}

bool HasRecipe(const Revision& revision, absl::string_view digest) {
  return std::find(revision.recipe_digests().begin(),
                   revision.recipe_digests().end(),
                   digest) != revision.recipe_digests().end();
}

// The state of a cell that nobody builds and nothing excludes.
release::v1::CellState IdleState(const Cell& cell,
                                 const std::vector<Revision>& revisions) {
  const std::string& wanted = cell.wanted_recipe().digest();
  if (!revisions.empty() && !revisions.front().has_prune_time() &&
      (wanted.empty() || HasRecipe(revisions.front(), wanted))) {
    return release::v1::CELL_STATE_BUILT;
  }
  return release::v1::CELL_STATE_PLANNED;
}

// Replaces the coordinates, but keeps a known kernel release if the plan, which
// may precede it, has none.
void SetCoordinates(Cell& cell, const CellCoordinates& coordinates) {
  const std::string kernel_release = cell.coordinates().kernel_release();
  *cell.mutable_coordinates() = coordinates;
  if (coordinates.kernel_release().empty()) {
    cell.mutable_coordinates()->set_kernel_release(kernel_release);
  }
}

// The attempt of the cell's lease, which ends now.
Attempt EndAttempt(const Cell& cell, release::v1::AttemptOutcome outcome,
                   absl::Time now) {
  Attempt attempt;
  attempt.set_cell_id(cell.id());
  attempt.set_recipe_digest(cell.lease().recipe_digest());
  attempt.set_worker(cell.lease().worker());
  attempt.set_fencing_token(cell.lease().fencing_token());
  *attempt.mutable_start_time() = cell.lease().start_time();
  *attempt.mutable_end_time() = ToTimestamp(now);
  attempt.set_outcome(outcome);
  return attempt;
}

// Takes back the cell's lease, if it has one.
void WithdrawLease(Cell& cell, absl::Time now, Event& event) {
  if (!cell.has_lease()) return;
  *event.mutable_attempt() =
      EndAttempt(cell, release::v1::ATTEMPT_OUTCOME_RELEASED, now);
  cell.clear_lease();
  cell.set_attempt_count(cell.attempt_count() - 1);
}

absl::Status StaleTokenError(const Cell& cell, int64_t token) {
  const int64_t newest = cell.lease().fencing_token();
  return WithErrorInfo(
      absl::FailedPreconditionError(absl::StrCat(
          "fencing token ", token, " of ", cell.id(), " is stale: ",
          cell.has_lease()
              ? absl::StrCat("the current lease, held by ",
                             cell.lease().worker(), ", has token ", newest)
              : absl::StrCat("the cell is ", CellStateName(cell.state()),
                             " and has no lease"))),
      "STALE_FENCING_TOKEN",
      {{"cell_id", cell.id()},
       {"fencing_token", absl::StrCat(token)},
       {"newest_fencing_token", absl::StrCat(newest)}});
}

bool IsLeasedWith(const Cell& cell, int64_t token) {
  return cell.state() == release::v1::CELL_STATE_BUILDING &&
         cell.lease().fencing_token() == token;
}

absl::Status CheckToken(const Cell& cell, int64_t token) {
  return IsLeasedWith(cell, token) ? absl::OkStatus()
                                   : StaleTokenError(cell, token);
}

// Whether the cell's lease is for another recipe than the wanted one: how it
// ends says nothing about the latter.
bool IsOutdated(const Cell& cell) {
  return cell.lease().recipe_digest() != cell.wanted_recipe().digest();
}

// Ends the cell's lease without a result for its wanted recipe.
void MakeIdle(Cell& cell, const std::vector<Revision>& revisions,
              absl::Time now) {
  cell.clear_lease();
  ClearFailure(cell);
  SetState(cell, IdleState(cell, revisions), now);
}

// Checks that a request with this token may record a revision.
absl::Status CheckMayRecord(const Cell& cell, int64_t token, absl::Time now) {
  if (token != 0) return CheckToken(cell, token);
  if (cell.state() == release::v1::CELL_STATE_EXCLUDED) {
    return WithErrorInfo(absl::FailedPreconditionError(absl::StrCat(
                             cell.id(), " is excluded: ", cell.reason())),
                         "CELL_EXCLUDED", {{"cell_id", cell.id()}});
  }
  if (cell.state() != release::v1::CELL_STATE_BUILDING || IsLost(cell, now)) {
    return absl::OkStatus();
  }
  const absl::Time expire_time = ToTime(cell.lease().expire_time());
  return WithRetryInfo(
      WithErrorInfo(
          absl::FailedPreconditionError(absl::StrCat(
              cell.id(), " is leased to ", cell.lease().worker(), " until ",
              TimeUtil::ToString(cell.lease().expire_time()))),
          "LEASE_HELD",
          {{"cell_id", cell.id()}, {"worker", cell.lease().worker()}}),
      expire_time - now);
}

absl::Status CheckProof(const RecordRevisionRequest& request) {
  const std::string refusal = ProofRefusal(request);
  if (refusal.empty()) return absl::OkStatus();
  const std::string id = CellId(request.coordinates());
  return WithErrorInfo(absl::FailedPreconditionError(absl::StrCat(
                           "the proof of ", id, " is not accepted: ", refusal)),
                       "PROOF_NOT_ACCEPTED", {{"cell_id", id}});
}

// Makes a failed cell wait for its next attempt, or parks it.
void CountInfrastructureFailure(Cell& cell, absl::Time now,
                                absl::Duration delay) {
  const int failures = cell.infrastructure_failures() + 1;
  cell.set_infrastructure_failures(failures);
  if (failures < kMaxInfrastructureFailures) {
    *cell.mutable_next_attempt_time() = ToTimestamp(now + delay);
  }
}

absl::Duration RetryDelay(const Cell& cell) {
  return std::min(kMaxDelay,
                  kFirstDelay * (int64_t{1} << cell.infrastructure_failures()));
}

// The recipe that the request is for; empty if it is not known.
const std::string& RecipeOf(const Cell& cell,
                            const RecordRevisionRequest& request) {
  return request.recipe_digest().empty() &&
                 IsLeasedWith(cell, request.fencing_token())
             ? cell.lease().recipe_digest()
             : request.recipe_digest();
}

const std::string& ContentDigest(const RecordRevisionRequest& request) {
  return request.content_digest().empty() ? request.payload().digest()
                                          : request.content_digest();
}

// Whether the revision is what the request would record.
bool IsRevision(const Revision& revision,
                const RecordRevisionRequest& request) {
  return revision.content_digest() == ContentDigest(request) &&
         revision.coordinates().kernel_release() ==
             request.coordinates().kernel_release() &&
         // An image that was pruned is not there to be offered again.
         (!revision.has_prune_time() ||
          revision.payload().digest() == request.payload().digest());
}

// The event of a recipe that gave other content before.  Ends the cell's lease
// if its holder reports this; another report changes nothing.
Event Irreproducible(const Cell& cell, const std::vector<Revision>& revisions,
                     const Revision& first, const std::string& content_digest,
                     bool is_leased, absl::Time now) {
  if (!is_leased) {
    return MakeEvent(release::v1::EVENT_KIND_IRREPRODUCIBLE, cell, now);
  }
  release::v1::Failure failure;
  failure.set_class_(release::v1::FAILURE_CLASS_DETERMINISTIC);
  failure.set_stage("image");
  failure.set_reason(absl::StrCat("the recipe gave content ", content_digest,
                                  ", but ", first.content_digest(),
                                  " in revision ", first.number()));
  Cell after = cell;
  after.clear_lease();
  auto state = IdleState(after, revisions);
  // Its next attempt would end like this one.
  if (state == release::v1::CELL_STATE_PLANNED &&
      HasRecipe(first, after.wanted_recipe().digest())) {
    state = release::v1::CELL_STATE_FAILED;
    *after.mutable_failure() = failure;
    after.mutable_failure()->clear_reason();
    after.set_reason(failure.reason());
  }
  SetState(after, state, now);
  Event event =
      MakeEvent(release::v1::EVENT_KIND_IRREPRODUCIBLE, std::move(after), now);
  Attempt& attempt = *event.mutable_attempt();
  attempt = EndAttempt(cell, release::v1::ATTEMPT_OUTCOME_IRREPRODUCIBLE, now);
  attempt.set_revision(first.number());
  *attempt.mutable_failure() = std::move(failure);
  return event;
}

}  // namespace

absl::optional<Event> PlanCell(const absl::optional<Cell>& cell,
                               const std::vector<Revision>& revisions,
                               const CellPlan& plan, const std::string& plan_id,
                               absl::Time now) {
  Cell planned = cell.value_or(Cell());
  planned.set_id(CellId(plan.coordinates()));
  SetCoordinates(planned, plan.coordinates());
  *planned.mutable_channels() = plan.channels();
  planned.set_priority(plan.priority());
  planned.set_plan_id(plan_id);
  const bool is_new_recipe =
      plan.has_recipe() &&
      plan.recipe().digest() != planned.wanted_recipe().digest();
  if (plan.has_recipe()) *planned.mutable_wanted_recipe() = plan.recipe();
  if (is_new_recipe || !planned.has_want_time()) {
    *planned.mutable_want_time() = ToTimestamp(now);
  }
  // These were of the old recipe.
  if (is_new_recipe) planned.clear_infrastructure_failures();

  Event event;
  const auto state = planned.state();
  if (!plan.exclusion_reason().empty()) {
    WithdrawLease(planned, now, event);
    ClearFailure(planned);
    planned.set_reason(plan.exclusion_reason());
    SetState(planned, release::v1::CELL_STATE_EXCLUDED, now);
  } else if (state == release::v1::CELL_STATE_UNSPECIFIED ||
             state == release::v1::CELL_STATE_EXCLUDED ||
             state == release::v1::CELL_STATE_RETIRED ||
             (is_new_recipe && state != release::v1::CELL_STATE_BUILDING)) {
    ClearFailure(planned);
    planned.clear_infrastructure_failures();
    SetState(planned, IdleState(planned, revisions), now);
  }
  if (cell.has_value() && MessageDifferencer::Equals(*cell, planned)) {
    return absl::nullopt;
  }
  const auto kind = planned.state() == release::v1::CELL_STATE_EXCLUDED
                        ? release::v1::EVENT_KIND_EXCLUDED
                        : release::v1::EVENT_KIND_PLANNED;
  event.MergeFrom(MakeEvent(kind, std::move(planned), now));
  return event;
}

absl::Status CheckEpochs(const Cell& cell, const CellPlan& plan) {
  if (!plan.has_recipe()) return absl::OkStatus();
  const auto* behind = FindEpochBehind(cell.wanted_recipe(), plan.recipe());
  if (behind == nullptr) return absl::OkStatus();
  const int planned = EpochOf(plan.recipe(), behind->stage());
  return WithErrorInfo(
      absl::FailedPreconditionError(absl::StrCat(
          cell.id(), " is planned with epoch ", behind->epoch(), " of stage ",
          behind->stage(), ", but this plan has epoch ", planned,
          "; use the newer version of Gantry")),
      "EPOCH_BEHIND",
      {{"cell_id", cell.id()},
       {"stage", behind->stage()},
       {"epoch", absl::StrCat(behind->epoch())},
       {"planned_epoch", absl::StrCat(planned)}});
}

Event RetireCell(const Cell& cell, const std::vector<std::string>& channels,
                 absl::Time now) {
  Event event;
  Cell after = cell;
  after.clear_channels();
  for (const std::string& channel : cell.channels()) {
    if (std::find(channels.begin(), channels.end(), channel) ==
        channels.end()) {
      after.add_channels(channel);
    }
  }
  if (after.channels().empty()) {
    *after.mutable_channels() = cell.channels();
    WithdrawLease(after, now, event);
    ClearFailure(after);
    after.set_reason("the matrix no longer has it");
    SetState(after, release::v1::CELL_STATE_RETIRED, now);
  }
  const auto kind = after.state() == release::v1::CELL_STATE_RETIRED
                        ? release::v1::EVENT_KIND_RETIRED
                        : release::v1::EVENT_KIND_PLANNED;
  event.MergeFrom(MakeEvent(kind, std::move(after), now));
  return event;
}

bool IsLost(const Cell& cell, absl::Time now) {
  return cell.state() == release::v1::CELL_STATE_BUILDING &&
         ToTime(cell.lease().expire_time()) <= now;
}

bool IsClaimable(const Cell& cell, absl::Time now, bool include_waiting) {
  switch (cell.state()) {
    case release::v1::CELL_STATE_PLANNED:
      return true;
    case release::v1::CELL_STATE_FAILED:
      return cell.has_next_attempt_time() &&
             (include_waiting || ToTime(cell.next_attempt_time()) <= now);
    default:
      return IsLost(cell, now);
  }
}

Event LoseLease(const Cell& cell, const std::vector<Revision>& revisions,
                absl::Time now) {
  Cell after = cell;
  after.clear_lease();
  if (IsOutdated(cell)) {
    MakeIdle(after, revisions, now);
  } else {
    CountInfrastructureFailure(after, now, absl::ZeroDuration());
    auto& failure = *after.mutable_failure();
    failure.set_class_(release::v1::FAILURE_CLASS_INFRASTRUCTURE);
    failure.set_stage("job");
    after.set_reason(absl::StrCat("the lease of ", cell.lease().worker(),
                                  " expired without a result"));
    SetState(after, release::v1::CELL_STATE_FAILED, now);
  }
  Event event = MakeEvent(release::v1::EVENT_KIND_LOST, std::move(after), now);
  *event.mutable_attempt() =
      EndAttempt(cell, release::v1::ATTEMPT_OUTCOME_LOST, now);
  return event;
}

Event ClaimCell(const Cell& cell, const std::string& worker,
                int64_t fencing_token, absl::Time now,
                absl::Duration lease_duration) {
  Cell building = cell;
  ClearFailure(building);
  auto* lease = building.mutable_lease();
  lease->set_worker(worker);
  lease->set_fencing_token(fencing_token);
  lease->set_recipe_digest(cell.wanted_recipe().digest());
  if (cell.has_wanted_recipe()) {
    *lease->mutable_recipe() = cell.wanted_recipe();
  }
  *lease->mutable_start_time() = ToTimestamp(now);
  *lease->mutable_expire_time() = ToTimestamp(now + lease_duration);
  building.set_attempt_count(cell.attempt_count() + 1);
  SetState(building, release::v1::CELL_STATE_BUILDING, now);
  Attempt attempt =
      EndAttempt(building, release::v1::ATTEMPT_OUTCOME_UNSPECIFIED, now);
  attempt.clear_end_time();
  Event event =
      MakeEvent(release::v1::EVENT_KIND_CLAIMED, std::move(building), now);
  *event.mutable_attempt() = std::move(attempt);
  return event;
}

absl::StatusOr<Event> ReleaseCell(
    const Cell& cell, const std::vector<Revision>& revisions,
    const release::v1::ReleaseLeaseRequest& request, absl::Time now) {
  GANTRY_RETURN_IF_ERROR(CheckToken(cell, request.lease().fencing_token()));
  Cell after = cell;
  after.clear_lease();
  after.set_attempt_count(cell.attempt_count() - 1);
  SetState(after, IdleState(after, revisions), now);
  Event event =
      MakeEvent(release::v1::EVENT_KIND_RELEASED, std::move(after), now);
  Attempt& attempt = *event.mutable_attempt();
  attempt = EndAttempt(cell, release::v1::ATTEMPT_OUTCOME_RELEASED, now);
  if (!request.reason().empty()) {
    attempt.mutable_failure()->set_reason(request.reason());
  }
  return event;
}

absl::StatusOr<Event> FailCell(const Cell& cell,
                               const std::vector<Revision>& revisions,
                               const FailAttemptRequest& request,
                               absl::Time now) {
  GANTRY_RETURN_IF_ERROR(CheckToken(cell, request.lease().fencing_token()));
  Cell failed = cell;
  if (IsOutdated(cell)) {
    MakeIdle(failed, revisions, now);
  } else {
    failed.clear_lease();
    failed.set_reason(request.failure().reason());
    failed.set_log_uri(request.log_uri());
    *failed.mutable_failure() = request.failure();
    failed.mutable_failure()->clear_reason();
    SetState(failed, release::v1::CELL_STATE_FAILED, now);
    if (request.failure().class_() ==
        release::v1::FAILURE_CLASS_INFRASTRUCTURE) {
      CountInfrastructureFailure(failed, now, RetryDelay(cell));
    } else {
      failed.clear_infrastructure_failures();
    }
  }
  Event event =
      MakeEvent(release::v1::EVENT_KIND_FAILED, std::move(failed), now);
  Attempt& attempt = *event.mutable_attempt();
  attempt = EndAttempt(cell, release::v1::ATTEMPT_OUTCOME_FAILED, now);
  *attempt.mutable_failure() = request.failure();
  attempt.set_log_uri(request.log_uri());
  if (!request.log().empty()) {
    attempt.set_log_digest(Sha256Digest(request.log()));
  }
  return event;
}

absl::optional<Event> RetryCell(const Cell& cell, absl::Time now) {
  if (cell.state() != release::v1::CELL_STATE_FAILED &&
      cell.state() != release::v1::CELL_STATE_BLOCKED) {
    return absl::nullopt;
  }
  Cell after = cell;
  ClearFailure(after);
  after.clear_infrastructure_failures();
  after.set_unblocked_recipe_digest(after.wanted_recipe().digest());
  SetState(after, release::v1::CELL_STATE_PLANNED, now);
  return MakeEvent(release::v1::EVENT_KIND_RETRIED, std::move(after), now);
}

absl::optional<Event> BlockCell(const Cell& cell, const std::string& reason,
                                absl::Time now) {
  if (cell.state() != release::v1::CELL_STATE_PLANNED) return absl::nullopt;
  Cell after = cell;
  after.set_reason(reason);
  SetState(after, release::v1::CELL_STATE_BLOCKED, now);
  return MakeEvent(release::v1::EVENT_KIND_BLOCKED, std::move(after), now);
}

absl::optional<Event> UnblockCell(const Cell& cell, absl::Time now) {
  if (cell.state() != release::v1::CELL_STATE_BLOCKED) return absl::nullopt;
  Cell after = cell;
  ClearFailure(after);
  SetState(after, release::v1::CELL_STATE_PLANNED, now);
  return MakeEvent(release::v1::EVENT_KIND_UNBLOCKED, std::move(after), now);
}

const Revision* FindContradiction(const absl::optional<Cell>& cell,
                                  const std::vector<Revision>& revisions,
                                  const RecordRevisionRequest& request) {
  const Cell& before = cell.has_value() ? *cell : Cell::default_instance();
  const std::string& recipe = RecipeOf(before, request);
  if (recipe.empty()) return nullptr;
  for (const Revision& revision : revisions) {
    if (HasRecipe(revision, recipe) &&
        revision.content_digest() != ContentDigest(request)) {
      return &revision;
    }
  }
  return nullptr;
}

absl::StatusOr<absl::optional<Event>> RecordRevision(
    const absl::optional<Cell>& cell, const std::vector<Revision>& revisions,
    const RecordRevisionRequest& request, absl::Time now) {
  GANTRY_RETURN_IF_ERROR(CheckProof(request));
  Cell before = cell.value_or(Cell());
  before.set_id(CellId(request.coordinates()));
  const bool is_leased =
      before.has_lease() && IsLeasedWith(before, request.fencing_token());
  const std::string& recipe = RecipeOf(before, request);
  const std::string& content = ContentDigest(request);
  const bool is_newest =
      !revisions.empty() && IsRevision(revisions.front(), request);
  const bool is_kept = is_newest && !revisions.front().has_prune_time();
  const bool has_recipe =
      is_newest && (recipe.empty() || HasRecipe(revisions.front(), recipe));
  // With a token, only its lease's holder may record, even what is recorded.
  if (is_kept && has_recipe && request.fencing_token() == 0) {
    return absl::optional<Event>();
  }
  GANTRY_RETURN_IF_ERROR(CheckMayRecord(before, request.fencing_token(), now));
  if (const Revision* first = FindContradiction(before, revisions, request)) {
    return absl::make_optional(
        Irreproducible(before, revisions, *first, content, is_leased, now));
  }

  Revision revision;
  if (is_newest) {
    revision = revisions.front();
    revision.clear_prune_time();
  } else {
    revision.set_cell_id(before.id());
    revision.set_number(revisions.empty() ? 1 : revisions.front().number() + 1);
    *revision.mutable_coordinates() = request.coordinates();
    revision.set_content_digest(content);
    *revision.mutable_payload() = request.payload();
    *revision.mutable_payload()->mutable_publish_time() = ToTimestamp(now);
  }
  if (!recipe.empty() && !has_recipe) AddRecipe(before, recipe, revision);

  Cell after = before;
  *after.mutable_coordinates() = request.coordinates();
  after.set_revision(revision.number());
  after.clear_lease();
  if (after.state() != release::v1::CELL_STATE_RETIRED) {
    ClearFailure(after);
    SetState(after, IdleState(after, {revision}), now);
  }
  after.clear_infrastructure_failures();
  after.clear_demand();
  Event event = MakeEvent(is_newest ? release::v1::EVENT_KIND_CONFIRMED
                                    : release::v1::EVENT_KIND_RECORDED,
                          std::move(after), now);
  if (before.has_lease()) {
    Attempt& attempt = *event.mutable_attempt();
    attempt = EndAttempt(before,
                         is_leased ? release::v1::ATTEMPT_OUTCOME_BUILT
                                   : release::v1::ATTEMPT_OUTCOME_LOST,
                         now);
    attempt.set_revision(is_leased ? revision.number() : 0);
  }
  *event.mutable_revision() = std::move(revision);
  return absl::make_optional(std::move(event));
}

absl::StatusOr<absl::optional<Event>> PruneRevision(
    const Cell& cell, const std::vector<Revision>& revisions, int number,
    bool is_in_head, absl::Time now) {
  const auto found =
      std::find_if(revisions.begin(), revisions.end(),
                   [&](const Revision& r) { return r.number() == number; });
  if (found == revisions.end()) {
    return ResourceNotFoundError(
        "gantry.release.v1.Revision", absl::StrCat(cell.id(), "/", number),
        absl::StrCat("cell ", cell.id(), " has no revision ", number));
  }
  if (found->has_prune_time()) return absl::optional<Event>();
  const bool is_retired = cell.state() == release::v1::CELL_STATE_RETIRED;
  if (number == cell.revision() && (!is_retired || is_in_head)) {
    return WithErrorInfo(
        absl::FailedPreconditionError(absl::StrCat(
            "revision ", number, " of ", cell.id(), " is in use: ",
            is_retired ? "a channel has its OS release"
                       : "it is the newest, and the cell is not retired")),
        "REVISION_IN_USE",
        {{"cell_id", cell.id()}, {"revision", absl::StrCat(number)}});
  }
  Event event = MakeEvent(release::v1::EVENT_KIND_PRUNED, cell, now);
  *event.mutable_revision() = *found;
  *event.mutable_revision()->mutable_prune_time() = ToTimestamp(now);
  return absl::make_optional(std::move(event));
}

}  // namespace gantry::service
