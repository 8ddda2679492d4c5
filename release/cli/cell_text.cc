#include "release/cli/cell_text.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "base/attempt_names.h"
#include "base/cell_name.h"
#include "base/cell_state_name.h"
#include "base/text_table.h"
#include "google/protobuf/util/time_util.h"
#include "proto/attempt.pb.h"
#include "proto/revision.pb.h"

namespace gantry::cli {
namespace {

using ::gantry::release::v1::Cell;
using ::google::protobuf::util::TimeUtil;

std::string LeaseText(const release::v1::Lease& lease) {
  return absl::StrCat("by ", lease.worker(), " since ",
                      TimeUtil::ToString(lease.start_time()), ", until ",
                      TimeUtil::ToString(lease.expire_time()));
}

// The most important detail of the cell's state.
std::string Detail(const Cell& cell) {
  if (cell.has_lease()) return LeaseText(cell.lease());
  if (!cell.reason().empty()) return cell.reason();
  return cell.payload().digest();
}

// Class, stage and fingerprint, as far as they are known.
std::string FailureText(const release::v1::Failure& failure) {
  std::vector<std::string> parts = {FailureClassName(failure.class_())};
  if (!failure.stage().empty()) parts.push_back(failure.stage());
  if (!failure.fingerprint().empty()) parts.push_back(failure.fingerprint());
  return absl::StrJoin(parts, ", ");
}

std::string NextAttemptText(const Cell& cell) {
  if (cell.state() == release::v1::CELL_STATE_BLOCKED) {
    return "when its siblings allow it, a node asks for it or its recipe "
           "changes, or after query retry";
  }
  if (cell.state() != release::v1::CELL_STATE_FAILED) return "";
  return cell.has_next_attempt_time()
             ? TimeUtil::ToString(cell.next_attempt_time())
             : "after its recipe changes, or after query retry";
}

}  // namespace

std::string FormatCells(const std::vector<Cell>& cells) {
  std::vector<std::vector<std::string>> rows = {
      {"CELL", "CHANNELS", "STATE", "PAYLOAD OR REASON"}};
  for (const Cell& cell : cells) {
    rows.push_back({cell.id(), absl::StrJoin(cell.channels(), ","),
                    CellStateName(cell.state()), Detail(cell)});
  }
  return FormatTextTable(rows);
}

std::string FormatCell(const Cell& cell) {
  std::vector<std::vector<std::string>> rows;
  const auto add = [&](absl::string_view name, const std::string& value) {
    if (!value.empty()) rows.push_back({absl::StrCat(name, ":"), value});
  };
  add("cell", cell.id());
  add("channels", absl::StrJoin(cell.channels(), ", "));
  add("os release", cell.coordinates().os_release());
  add("kernel", cell.coordinates().kernel_release());
  add("driver", DriverName(cell.coordinates()));
  add("cuda", cell.coordinates().cuda_version());
  add("state", absl::StrCat(CellStateName(cell.state()), " since ",
                            TimeUtil::ToString(cell.update_time())));
  if (cell.has_lease()) add("building", LeaseText(cell.lease()));
  add("reason", cell.reason());
  if (cell.has_failure()) add("failure", FailureText(cell.failure()));
  if (cell.demand() != 0) add("demand", absl::StrCat(cell.demand()));
  add("next try", NextAttemptText(cell));
  add("log", cell.log_uri());
  if (cell.has_payload()) {
    add("revision", absl::StrCat(cell.revision()));
    add("digest", cell.payload().digest());
    add("reference", cell.payload().reference());
    add("size", absl::StrCat(cell.payload().total_size(), " bytes"));
  }
  return FormatTextTable(rows);
}

std::string FormatRevisions(
    const release::v1::ListRevisionsResponse& response) {
  std::vector<std::vector<std::string>> rows = {
      {"REVISION", "PUBLISHED", "KERNEL", "RECIPES", "PAYLOAD"}};
  for (const release::v1::Revision& revision : response.revisions()) {
    rows.push_back({absl::StrCat(revision.number()),
                    TimeUtil::ToString(revision.payload().publish_time()),
                    revision.coordinates().kernel_release(),
                    absl::StrCat(revision.recipe_digests_size()),
                    revision.payload().digest()});
  }
  return FormatTextTable(rows);
}

std::string FormatAttempts(const release::v1::ListAttemptsResponse& response) {
  std::vector<std::vector<std::string>> rows = {{"ATTEMPT", "STARTED", "ENDED",
                                                 "WORKER", "OUTCOME",
                                                 "REVISION OR REASON"}};
  for (const release::v1::Attempt& attempt : response.attempts()) {
    rows.push_back(
        {absl::StrCat(attempt.fencing_token()),
         TimeUtil::ToString(attempt.start_time()),
         attempt.has_end_time() ? TimeUtil::ToString(attempt.end_time()) : "",
         attempt.worker(), OutcomeName(attempt.outcome()),
         attempt.failure().reason().empty() && attempt.revision() != 0
             ? absl::StrCat(attempt.revision())
             : attempt.failure().reason()});
  }
  return FormatTextTable(rows);
}

}  // namespace gantry::cli
