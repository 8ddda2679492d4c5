#include "release/cli/failures.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/json.h"
#include "base/text_table.h"
#include "google/protobuf/struct.pb.h"
#include "proto/attempt.pb.h"

namespace gantry::cli {
namespace {

using ::gantry::release::v1::Cell;

std::string FingerprintText(const FailureGroup& group) {
  if (group.is_blocked) return "blocked";
  return group.fingerprint.empty() ? "-" : group.fingerprint;
}

}  // namespace

std::vector<FailureGroup> GroupFailures(const std::vector<Cell>& cells) {
  std::map<std::tuple<bool, std::string, std::string>, FailureGroup> by_cause;
  for (const Cell& cell : cells) {
    const std::string& fingerprint = cell.failure().fingerprint();
    const bool is_blocked = cell.state() == release::v1::CELL_STATE_BLOCKED;
    FailureGroup& group = by_cause[{is_blocked, fingerprint,
                                    fingerprint.empty() ? cell.reason() : ""}];
    if (group.ids.empty()) {
      group.is_blocked = is_blocked;
      group.fingerprint = fingerprint;
      group.reason = cell.reason();
    }
    group.ids.push_back(cell.id());
  }
  std::vector<FailureGroup> groups;
  for (auto& [cause, group] : by_cause) groups.push_back(std::move(group));
  std::stable_sort(groups.begin(), groups.end(),
                   [](const FailureGroup& a, const FailureGroup& b) {
                     return a.ids.size() > b.ids.size();
                   });
  return groups;
}

std::string FormatFailures(const std::vector<FailureGroup>& groups) {
  if (groups.empty()) return "no cell has failed\n";
  std::string text;
  for (const FailureGroup& group : groups) {
    absl::StrAppend(&text,
                    FormatTextTable({{absl::StrCat(group.ids.size()),
                                      FingerprintText(group), group.reason}}));
    for (const std::string& id : group.ids) {
      absl::StrAppend(&text, "  ", id, "\n");
    }
  }
  return text;
}

absl::StatusOr<std::string> FailuresJson(
    const std::vector<FailureGroup>& groups) {
  google::protobuf::Struct object;
  auto& failures = *(*object.mutable_fields())["failures"].mutable_list_value();
  for (const FailureGroup& group : groups) {
    auto& fields =
        *failures.add_values()->mutable_struct_value()->mutable_fields();
    fields["blocked"].set_bool_value(group.is_blocked);
    fields["count"].set_number_value(static_cast<double>(group.ids.size()));
    fields["fingerprint"].set_string_value(group.fingerprint);
    fields["reason"].set_string_value(group.reason);
    auto& ids = *fields["ids"].mutable_list_value();
    for (const std::string& id : group.ids) {
      ids.add_values()->set_string_value(id);
    }
  }
  return FormatJson(object);
}

}  // namespace gantry::cli
