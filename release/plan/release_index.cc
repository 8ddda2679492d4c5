#include "release/plan/release_index.h"

#include <algorithm>

#include "absl/status/status.h"
#include "base/json.h"
#include "base/json_object.h"
#include "base/version_order.h"
#include "google/protobuf/struct.pb.h"
#include "re2/re2.h"

namespace gantry::plan {
namespace {

using ::google::protobuf::ListValue;
using ::google::protobuf::Struct;
using ::google::protobuf::Value;

// A release without a channel belongs to every channel.
bool BelongsToChannel(const Struct& release, absl::string_view channel) {
  return FindField(release, "channel") == nullptr ||
         GetString(release, "channel") == channel;
}

bool IsForAmd64(const Struct& release) {
  if (FindField(release, "architectures") == nullptr) return true;
  const ListValue* const architectures = FindArray(release, "architectures");
  return architectures != nullptr &&
         std::any_of(architectures->values().begin(),
                     architectures->values().end(), [](const Value& value) {
                       return value.string_value() == "amd64";
                     });
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ParseReleaseIndex(
    absl::string_view json, absl::string_view channel) {
  Struct index;
  const absl::Status status = ParseJson(json, "release index", index);
  if (!status.ok()) return absl::DataLossError(status.message());
  std::vector<std::string> versions;
  for (const auto& [version, release] : index.fields()) {
    // "current" duplicates one of the releases.
    if (!RE2::FullMatch(version, "[0-9]+([.][0-9]+)*")) continue;
    if (BelongsToChannel(release.struct_value(), channel) &&
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
