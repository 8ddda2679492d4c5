#include "release/discover/release_index.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "re2/re2.h"
#include "release/discover/version_order.h"

namespace gantry {
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
  const auto status =
      google::protobuf::util::JsonStringToMessage(std::string(json), &index);
  if (!status.ok()) {
    return absl::DataLossError(
        absl::StrCat("not a release index: ", std::string(status.message())));
  }
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

}  // namespace gantry
