#include "payload/node/install_result.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/json.h"
#include "google/protobuf/struct.pb.h"
#include "payload/node/copy_progress.h"

namespace gantry::node {

std::string FormatSummary(const InstallResult& result) {
  const std::string paths = absl::StrJoin(
      result.targets, " and ",
      [](std::string* out, const auto& target) { *out += target.path; });
  if (!result.changed) {
    return absl::StrCat("already installed: ", paths, "; nothing changed");
  }
  return absl::StrCat("installed ", paths, ": copied ", result.files_copied,
                      " files, ", FormatBytes(result.bytes_copied));
}

absl::StatusOr<std::string> FormatResultAsJson(const InstallResult& result) {
  google::protobuf::Struct object;
  auto& fields = *object.mutable_fields();
  fields["changed"].set_bool_value(result.changed);
  fields["bytes_copied"].set_number_value(result.bytes_copied);
  fields["files_copied"].set_number_value(result.files_copied);
  for (const char* name : {"cuda", "nvidia"}) {
    fields[name].set_null_value(google::protobuf::NULL_VALUE);
  }
  for (const InstallResult::Target& target : result.targets) {
    auto& members =
        *fields[target.name].mutable_struct_value()->mutable_fields();
    members["path"].set_string_value(target.path);
    members["changed"].set_bool_value(target.changed);
  }
  return FormatJson(object);
}

}  // namespace gantry::node
