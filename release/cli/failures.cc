#include "release/cli/failures.h"

#include "absl/strings/str_cat.h"
#include "base/json.h"
#include "base/text_table.h"
#include "google/protobuf/struct.pb.h"

namespace gantry::cli {
namespace {

std::string FingerprintText(const FailureGroup& group) {
  if (group.is_blocked) return "blocked";
  return group.fingerprint.empty() ? "-" : group.fingerprint;
}

}  // namespace

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
