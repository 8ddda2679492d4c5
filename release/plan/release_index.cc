#include "release/plan/release_index.h"

#include <algorithm>

#include "base/json.h"
#include "base/version_order.h"
#include "google/protobuf/struct.pb.h"
#include "re2/re2.h"

namespace gantry::plan {
namespace {

using ::google::protobuf::Struct;
using ::google::protobuf::Value;

bool IsOf(const Struct& release, const std::string& channel) {
  const auto found = release.fields().find("channel");
  return found == release.fields().end() ||
         found->second.string_value() == channel;
}

bool IsForAmd64(const Struct& release) {
  const auto found = release.fields().find("architectures");
  if (found == release.fields().end()) return true;
  const auto& architectures = found->second.list_value().values();
  return std::any_of(
      architectures.begin(), architectures.end(),
      [](const Value& value) { return value.string_value() == "amd64"; });
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ParseReleaseIndex(
    absl::string_view json, absl::string_view channel) {
  Struct index;
  const absl::Status status = ParseJson(json, "release index", index);
  if (!status.ok()) return absl::DataLossError(status.message());
  std::vector<std::string> versions;
  for (const auto& [version, release] : index.fields()) {
    // "current" repeats one of the others.
    if (!RE2::FullMatch(version, "[0-9]+([.][0-9]+)*")) continue;
    if (IsOf(release.struct_value(), std::string(channel)) &&
        IsForAmd64(release.struct_value())) {
      versions.push_back(version);
    }
  }
  std::sort(versions.begin(), versions.end(),
            [](const std::string& a, const std::string& b) {
              return CompareVersions(a, b) > 0;
            });
  return versions;
}

}  // namespace gantry::plan
