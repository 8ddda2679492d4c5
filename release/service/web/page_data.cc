#include "release/service/web/page_data.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "base/attempt_names.h"
#include "base/cell_name.h"
#include "base/cell_state_name.h"
#include "base/cells_in_demand.h"
#include "base/failure_groups.h"
#include "base/proto_time.h"
#include "base/status_macros.h"
#include "google/protobuf/timestamp.pb.h"
#include "proto/attempt.pb.h"
#include "proto/cell.pb.h"
#include "proto/coordinates.pb.h"
#include "proto/event.pb.h"
#include "proto/fragment.pb.h"
#include "proto/matrix.pb.h"
#include "proto/payload.pb.h"
#include "proto/proof.pb.h"
#include "proto/recipe.pb.h"
#include "proto/release_service.pb.h"
#include "proto/revision.pb.h"
#include "release/service/rpc_status/rpc_status.h"

namespace gantry::service {
namespace {

using ::gantry::release::v1::Attempt;
using ::gantry::release::v1::ChannelHead;
using ::gantry::release::v1::Event;
using ::gantry::release::v1::Revision;
using Object = PageData::Object;

constexpr absl::Duration kCallTimeout = absl::Seconds(30);

// Releases of each channel on the page of all channels, and on that of one.
constexpr int kReleasesOfEach = 5;
constexpr int kReleasesOfOne = 25;
constexpr int kPageSize = 1000;
// Cells that the page lists by name for one cause.
constexpr size_t kCellsOfCause = 50;
constexpr int kChanges = 500;
constexpr int kFound = 100;

// Adds a text that is not empty.
void Set(Object& object, const std::string& name, absl::string_view text) {
  if (text.empty()) return;
  (*object.mutable_fields())[name].set_string_value(std::string(text));
}

void Set(Object& object, const std::string& name, int64_t number) {
  Set(object, name, absl::StrCat(number));
}

void Set(Object& object, const std::string& name,
         const google::protobuf::Timestamp& time) {
  Set(object, name,
      absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", ToTime(time),
                       absl::UTCTimeZone()));
}

void SetTrue(Object& object, const std::string& name) {
  (*object.mutable_fields())[name].set_bool_value(true);
}

// Adds an object to the list `name`.
Object& Add(Object& object, const std::string& name) {
  return *(*object.mutable_fields())[name]
              .mutable_list_value()
              ->add_values()
              ->mutable_struct_value();
}

// "pruned" for EVENT_KIND_PRUNED.
std::string NameOf(absl::string_view value, absl::string_view prefix) {
  return absl::AsciiStrToLower(absl::StripPrefix(value, prefix));
}

std::string VerdictName(proof::v1::Verdict verdict) {
  if (verdict == proof::v1::VERDICT_UNSPECIFIED) return "";
  return NameOf(proof::v1::Verdict_Name(verdict), "VERDICT_");
}

std::string FamilyName(matrix::v1::Family family) {
  return NameOf(matrix::v1::Family_Name(family), "FAMILY_");
}

// What a release has in one column: driver and toolkit.
std::string ColumnOf(const cell::v1::CellCoordinates& coordinates) {
  std::string column =
      absl::StrCat(coordinates.product(), " ", DriverName(coordinates));
  if (!coordinates.cuda_version().empty()) {
    absl::StrAppend(&column, ", CUDA ", coordinates.cuda_version());
  }
  return column;
}

void SetSummary(const release::v1::Cell& cell, Object& object) {
  Set(object, "id", cell.id());
  Set(object, "state", CellStateName(cell.state()));
  Set(object, "reason", cell.reason());
  Set(object, "channels", absl::StrJoin(cell.channels(), ", "));
  if (cell.revision() != 0) Set(object, "revision", cell.revision());
  if (cell.demand() != 0) Set(object, "demand", cell.demand());
}

void SetFailure(const release::v1::Failure& failure, Object& object) {
  if (failure.class_() != release::v1::FAILURE_CLASS_UNSPECIFIED) {
    Set(object, "class", FailureClassName(failure.class_()));
  }
  Set(object, "stage", failure.stage());
  Set(object, "fingerprint", failure.fingerprint());
  Set(object, "reason", failure.reason());
}

void SetRecipe(const release::v1::Recipe& recipe, Object& object) {
  Set(object, "digest", recipe.digest());
  for (const auto& fragment : recipe.fragments()) {
    Object& entry = Add(object, "fragments");
    Set(entry, "kind", fragment.kind());
    Set(entry, "name", fragment.name());
    Set(entry, "digest", fragment.digest());
  }
  for (const auto& epoch : recipe.epochs()) {
    Object& entry = Add(object, "epochs");
    Set(entry, "stage", epoch.stage());
    Set(entry, "epoch", epoch.epoch());
  }
}

void SetProof(const proof::v1::Proof& proof, Object& object) {
  Set(object, "verdict", proof.accepted() ? "accepted" : "refused");
  Set(object, "reason", proof.reason());
  Set(object, "kernel_release", proof.kernel_release());
  Set(object, "kernel_digest", proof.kernel_digest());
  Set(object, "accelerator", proof.accelerator());
  for (const auto& module : proof.modules()) {
    Object& entry = Add(object, "modules");
    Set(entry, "name", module.name());
    Set(entry, "digest", module.digest());
    Set(entry, "symbols", module.symbol_count());
    Set(entry, "static", VerdictName(module.static_verdict()));
    Set(entry, "boot", VerdictName(module.boot_verdict()));
    Set(entry, "message", module.message());
  }
  if (proof.has_negative_control()) {
    Object& control =
        *(*object.mutable_fields())["negative_control"].mutable_struct_value();
    Set(control, "name", proof.negative_control().name());
    Set(control, "alteration", proof.negative_control().alteration());
    Set(control, "boot", VerdictName(proof.negative_control().boot_verdict()));
    Set(control, "message", proof.negative_control().message());
  }
}

void SetRevision(const Revision& revision, Object& object) {
  Set(object, "number", revision.number());
  Set(object, "kernel", revision.coordinates().kernel_release());
  Set(object, "content", revision.content_digest());
  Set(object, "digest", revision.payload().digest());
  Set(object, "reference", revision.payload().reference());
  Set(object, "published", revision.payload().publish_time());
  if (revision.has_prune_time()) Set(object, "pruned", revision.prune_time());
  for (const std::string& digest : revision.recipe_digests()) {
    Set(Add(object, "recipes"), "digest", digest);
  }
}

void SetAttempt(const Attempt& attempt, Object& object) {
  Set(object, "cell", attempt.cell_id());
  Set(object, "number", attempt.fencing_token());
  Set(object, "worker", attempt.worker());
  Set(object, "started", attempt.start_time());
  if (attempt.has_end_time()) Set(object, "ended", attempt.end_time());
  Set(object, "outcome", OutcomeName(attempt.outcome()));
  if (attempt.revision() != 0) Set(object, "revision", attempt.revision());
  if (attempt.has_failure()) SetFailure(attempt.failure(), object);
  if (!attempt.log_digest().empty()) SetTrue(object, "has_log");
}

// What is worth knowing of an event besides its kind and cell.
std::string DetailOf(const Event& event) {
  if (event.has_head()) {
    const ChannelHead& head = event.head();
    return absl::StrCat(
        FamilyName(head.family()), " ", head.name(), ": ",
        head.releases().empty() ? "" : head.releases(0).version());
  }
  if (event.has_fragment()) {
    return absl::StrCat(event.fragment().reference().kind(), " ",
                        event.fragment().reference().name());
  }
  if (event.has_revision()) {
    return absl::StrCat("revision ", event.revision().number());
  }
  if (event.has_attempt() && event.attempt().has_failure()) {
    return event.attempt().failure().reason();
  }
  return event.cell().reason();
}

void SetEvent(const Event& event, Object& object) {
  Set(object, "sequence", event.sequence());
  Set(object, "time", event.time());
  Set(object, "kind",
      NameOf(release::v1::EventKind_Name(event.kind()), "EVENT_KIND_"));
  Set(object, "actor", event.actor());
  if (event.has_cell()) Set(object, "cell", event.cell().id());
  Set(object, "detail", DetailOf(event));
}

std::string DayText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d", time, absl::UTCTimeZone());
}

// The start of the day that a parameter names.
absl::StatusOr<absl::Time> ParseDay(const std::string& name,
                                    const std::string& text) {
  absl::Time time;
  std::string error;
  if (absl::ParseTime("%Y-%m-%d", text, &time, &error)) return time;
  return absl::InvalidArgumentError(
      absl::StrCat(name, ": not a day of the form YYYY-MM-DD"));
}

// A parameter that is a number; 0 if it is absent.
absl::StatusOr<int64_t> ParseNumber(const PageData::Parameters& parameters,
                                    const std::string& name) {
  const auto found = parameters.find(name);
  int64_t number = 0;
  if (found == parameters.end() ||
      (absl::SimpleAtoi(found->second, &number) && number >= 0)) {
    return number;
  }
  return absl::InvalidArgumentError(absl::StrCat(name, ": not a number"));
}

std::string TextOf(const PageData::Parameters& parameters,
                   const std::string& name) {
  const auto found = parameters.find(name);
  return found == parameters.end() ? "" : found->second;
}

}  // namespace

template <typename Request, typename Response>
absl::StatusOr<Response> PageData::Call(
    grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                 Response*),
    const Request& request) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + kCallTimeout));
  if (!authorization_.empty()) {
    context.AddMetadata("authorization", authorization_);
  }
  Response response;
  GANTRY_RETURN_IF_ERROR(
      FromGrpcStatus((stub_.*method)(&context, request, &response)));
  return response;
}

absl::StatusOr<std::vector<release::v1::Cell>> PageData::ListCells(
    const std::vector<release::v1::CellState>& states) {
  release::v1::ListCellsRequest request;
  for (release::v1::CellState state : states) request.add_states(state);
  request.set_page_size(kPageSize);
  std::vector<release::v1::Cell> cells;
  do {
    GANTRY_ASSIGN_OR_RETURN(const release::v1::ListCellsResponse page,
                            Call(&Stub::ListCells, request));
    cells.insert(cells.end(), page.cells().begin(), page.cells().end());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return cells;
}

absl::Status PageData::AddReleases(const ChannelHead& head, int skip, int limit,
                                   Object& channel) {
  const int begin = std::min(skip, head.releases_size());
  const int end = std::min(begin + limit, head.releases_size());
  // Cells of each release by column.
  std::vector<std::map<std::string, release::v1::Cell>> rows;
  std::set<std::string> columns;
  for (int i = begin; i < end; ++i) {
    auto& row = rows.emplace_back();
    release::v1::ListCellsRequest request;
    request.set_os_release(head.releases(i).name());
    request.set_channel(head.name());
    request.set_page_size(kPageSize);
    GANTRY_ASSIGN_OR_RETURN(const release::v1::ListCellsResponse page,
                            Call(&Stub::ListCells, request));
    for (const release::v1::Cell& cell : page.cells()) {
      if (cell.coordinates().os_release() != request.os_release()) continue;
      const std::string column = ColumnOf(cell.coordinates());
      columns.insert(column);
      row[column] = cell;
    }
  }
  for (const std::string& column : columns) {
    Set(Add(channel, "columns"), "name", column);
  }
  for (int i = begin; i < end; ++i) {
    Object& release = Add(channel, "releases");
    Set(release, "name", head.releases(i).name());
    Set(release, "version", head.releases(i).version());
    for (const std::string& column : columns) {
      Object& entry = Add(release, "cells");
      const auto cell = rows[i - begin].find(column);
      if (cell != rows[i - begin].end()) SetSummary(cell->second, entry);
    }
  }
  if (end < head.releases_size()) Set(channel, "next", end);
  return absl::OkStatus();
}

absl::StatusOr<Object> PageData::Matrix(const Parameters& parameters) {
  const std::string wanted = TextOf(parameters, "channel");
  GANTRY_ASSIGN_OR_RETURN(const int64_t skip, ParseNumber(parameters, "skip"));
  GANTRY_ASSIGN_OR_RETURN(
      const release::v1::ListChannelHeadsResponse response,
      Call(&Stub::ListChannelHeads, release::v1::ListChannelHeadsRequest()));
  Object page;
  Set(page, "channel", wanted);
  for (const ChannelHead& head : response.heads()) {
    if (!wanted.empty() && head.name() != wanted) continue;
    Object& channel = Add(page, "channels");
    Set(channel, "name", head.name());
    Set(channel, "family", FamilyName(head.family()));
    Set(channel, "updated", head.update_time());
    Set(channel, "release_count", head.releases_size());
    GANTRY_RETURN_IF_ERROR(
        wanted.empty()
            ? AddReleases(head, 0, kReleasesOfEach, channel)
            : AddReleases(head, static_cast<int>(std::min<int64_t>(skip, 1000)),
                          kReleasesOfOne, channel));
  }
  if (!wanted.empty() && page.fields().count("channels") == 0) {
    return absl::NotFoundError("no channel has this name");
  }
  return page;
}

absl::StatusOr<Object> PageData::Cell(absl::string_view id) {
  release::v1::GetCellRequest get;
  get.set_id(std::string(id));
  GANTRY_ASSIGN_OR_RETURN(const release::v1::Cell cell,
                          Call(&Stub::GetCell, get));
  release::v1::ListRevisionsRequest list_revisions;
  list_revisions.set_id(cell.id());
  GANTRY_ASSIGN_OR_RETURN(const release::v1::ListRevisionsResponse revisions,
                          Call(&Stub::ListRevisions, list_revisions));
  release::v1::ListAttemptsRequest list_attempts;
  list_attempts.set_id(cell.id());
  GANTRY_ASSIGN_OR_RETURN(const release::v1::ListAttemptsResponse attempts,
                          Call(&Stub::ListAttempts, list_attempts));
  Object page;
  SetSummary(cell, page);
  Set(page, "os_release", cell.coordinates().os_release());
  Set(page, "kernel", cell.coordinates().kernel_release());
  Set(page, "architecture", cell.coordinates().architecture());
  Set(page, "payload", ColumnOf(cell.coordinates()));
  Set(page, "since", cell.update_time());
  if (cell.has_lease()) {
    Set(page, "worker", cell.lease().worker());
    Set(page, "lease_expires", cell.lease().expire_time());
  }
  if (cell.has_next_attempt_time()) {
    Set(page, "next_attempt", cell.next_attempt_time());
  }
  if (cell.has_failure()) {
    SetFailure(cell.failure(),
               *(*page.mutable_fields())["failure"].mutable_struct_value());
  }
  if (cell.has_wanted_recipe()) {
    SetRecipe(cell.wanted_recipe(),
              *(*page.mutable_fields())["recipe"].mutable_struct_value());
  }
  if (cell.payload().has_proof()) {
    SetProof(cell.payload().proof(),
             *(*page.mutable_fields())["proof"].mutable_struct_value());
  }
  for (const Revision& revision : revisions.revisions()) {
    SetRevision(revision, Add(page, "revisions"));
  }
  for (const Attempt& attempt : attempts.attempts()) {
    SetAttempt(attempt, Add(page, "attempts"));
  }
  return page;
}

absl::StatusOr<Object> PageData::Failures() {
  GANTRY_ASSIGN_OR_RETURN(const std::vector<release::v1::Cell> cells,
                          ListCells({release::v1::CELL_STATE_FAILED,
                                     release::v1::CELL_STATE_BLOCKED}));
  Object page;
  for (const FailureGroup& group : GroupFailures(cells)) {
    Object& cause = Add(page, "causes");
    Set(cause, "count", static_cast<int64_t>(group.ids.size()));
    Set(cause, "fingerprint", group.fingerprint);
    Set(cause, "reason", group.reason);
    if (group.is_blocked) SetTrue(cause, "blocked");
    const size_t shown = std::min(group.ids.size(), kCellsOfCause);
    for (size_t i = 0; i < shown; ++i) {
      Set(Add(cause, "cells"), "id", group.ids[i]);
    }
    if (shown < group.ids.size()) {
      Set(cause, "more", static_cast<int64_t>(group.ids.size() - shown));
    }
  }
  return page;
}

absl::StatusOr<Object> PageData::Demand() {
  GANTRY_ASSIGN_OR_RETURN(
      std::vector<release::v1::Cell> cells,
      ListCells(
          {release::v1::CELL_STATE_PLANNED, release::v1::CELL_STATE_BUILDING,
           release::v1::CELL_STATE_FAILED, release::v1::CELL_STATE_BLOCKED}));
  Object page;
  for (const release::v1::Cell& cell : CellsInDemand(std::move(cells))) {
    SetSummary(cell, Add(page, "cells"));
  }
  return page;
}

absl::StatusOr<int64_t> PageData::LastEventBefore(absl::Time time) {
  // Sequences have no gaps, and times do not go back: a binary search, after
  // the upper bound has been found by doubling.
  const auto is_before = [&](int64_t sequence) -> absl::StatusOr<bool> {
    release::v1::ListEventsRequest request;
    request.set_after_sequence(sequence - 1);
    request.set_page_size(1);
    GANTRY_ASSIGN_OR_RETURN(const release::v1::ListEventsResponse response,
                            Call(&Stub::ListEvents, request));
    return !response.events().empty() &&
           ToTime(response.events(0).time()) < time;
  };
  int64_t before = 0;
  int64_t step = 1;
  while (true) {
    GANTRY_ASSIGN_OR_RETURN(const bool still, is_before(before + step));
    if (!still) break;
    before += step;
    step *= 2;
  }
  for (step /= 2; step > 0; step /= 2) {
    GANTRY_ASSIGN_OR_RETURN(const bool still, is_before(before + step));
    if (still) before += step;
  }
  return before;
}

absl::StatusOr<Object> PageData::Changes(const Parameters& parameters) {
  std::string from = TextOf(parameters, "from");
  std::string to = TextOf(parameters, "to");
  if (to.empty()) to = DayText(now_);
  if (from.empty()) from = DayText(now_ - absl::Hours(24));
  GANTRY_ASSIGN_OR_RETURN(const absl::Time begin, ParseDay("from", from));
  GANTRY_ASSIGN_OR_RETURN(const absl::Time last_day, ParseDay("to", to));
  const absl::Time end = last_day + absl::Hours(24);
  if (end <= begin) {
    return absl::InvalidArgumentError("to: is before from");
  }
  GANTRY_ASSIGN_OR_RETURN(int64_t after, ParseNumber(parameters, "after"));
  GANTRY_ASSIGN_OR_RETURN(const int64_t first, LastEventBefore(begin));
  after = std::max(after, first);

  Object page;
  Set(page, "from", from);
  Set(page, "to", to);
  release::v1::ListEventsRequest request;
  for (int count = 0;;) {
    request.set_after_sequence(after);
    request.set_page_size(kChanges);
    GANTRY_ASSIGN_OR_RETURN(const release::v1::ListEventsResponse response,
                            Call(&Stub::ListEvents, request));
    if (response.events().empty()) return page;
    for (const Event& event : response.events()) {
      if (ToTime(event.time()) >= end) return page;
      if (count == kChanges) {
        Set(page, "next", after);
        return page;
      }
      SetEvent(event, Add(page, "events"));
      after = event.sequence();
      ++count;
    }
  }
}

absl::StatusOr<Object> PageData::Search(const Parameters& parameters) {
  const std::string text(absl::StripAsciiWhitespace(TextOf(parameters, "q")));
  Object page;
  Set(page, "q", text);
  if (text.empty()) return page;
  std::set<std::string> ids;
  // One page each of the cells whose OS release, driver or toolkit begins so.
  std::vector<release::v1::ListCellsRequest> requests(3);
  requests[0].set_os_release(text);
  requests[1].set_driver_version(text);
  requests[2].set_cuda_version(text);
  for (release::v1::ListCellsRequest& request : requests) {
    request.set_page_size(kFound);
    const auto found = Call(&Stub::ListCells, request);
    // A text that no version may be is no error of the reader.
    if (absl::IsInvalidArgument(found.status())) continue;
    GANTRY_RETURN_IF_ERROR(found.status());
    for (const release::v1::Cell& cell : found->cells()) {
      if (!ids.insert(cell.id()).second) continue;
      SetSummary(cell, Add(page, "cells"));
    }
    if (!found->next_page_token().empty()) SetTrue(page, "has_more");
  }
  release::v1::GetCellRequest exact;
  exact.set_id(text);
  const auto cell = Call(&Stub::GetCell, exact);
  if (cell.ok() && ids.insert(cell->id()).second) {
    SetSummary(*cell, Add(page, "cells"));
  }
  return page;
}

absl::StatusOr<std::string> PageData::Log(absl::string_view id,
                                          int64_t attempt) {
  release::v1::GetLogRequest request;
  request.set_id(std::string(id));
  request.set_fencing_token(attempt);
  GANTRY_ASSIGN_OR_RETURN(release::v1::GetLogResponse response,
                          Call(&Stub::GetLog, request));
  return std::move(*response.mutable_log());
}

}  // namespace gantry::service
