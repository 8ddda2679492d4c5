#include "release/job/build_events.h"

#include <cstdint>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "src/main/java/com/google/devtools/build/lib/buildeventstream/proto/build_event_stream.pb.h"

namespace gantry::job {
namespace {

using ::build_event_stream::Aborted;
using ::build_event_stream::ActionExecuted;
using ::build_event_stream::BuildEvent;
using ::build_event_stream::BuildEventId;
using ::build_event_stream::File;
using ::build_event_stream::NamedSetOfFiles;
using ::build_event_stream::OutputGroup;

// Decodes "%41" (RFC 3986, section 2.1).
std::string PercentDecode(absl::string_view encoded) {
  std::string decoded;
  for (size_t i = 0; i < encoded.size(); ++i) {
    if (encoded[i] == '%' && i + 2 < encoded.size() &&
        absl::ascii_isxdigit(encoded[i + 1]) &&
        absl::ascii_isxdigit(encoded[i + 2])) {
      decoded += absl::HexStringToBytes(encoded.substr(i + 1, 2));
      i += 2;
    } else {
      decoded += encoded[i];
    }
  }
  return decoded;
}

// Empty if the file is not on this machine.
std::string LocalPath(const File& file) {
  absl::string_view uri = file.uri();
  return absl::ConsumePrefix(&uri, "file://") ? PercentDecode(uri) : "";
}

// Collects the events, and links them once all are known.
class Collector {
 public:
  void Add(BuildEvent event) {
    const BuildEventId& id = event.id();
    switch (id.id_case()) {
      case BuildEventId::kWorkspace:
        events_.execution_root = event.workspace_info().local_exec_root();
        break;
      case BuildEventId::kNamedSet:
        named_sets_[id.named_set().id()] = event.named_set_of_files();
        break;
      case BuildEventId::kActionCompleted:
        AddAction(id.action_completed(), event.action());
        break;
      case BuildEventId::kUnconfiguredLabel:
        AddAborted(id.unconfigured_label().label(), event.aborted());
        break;
      case BuildEventId::kConfiguredLabel:
        AddAborted(id.configured_label().label(), event.aborted());
        break;
      case BuildEventId::kTargetCompleted:
        completed_.push_back(std::move(event));
        break;
      case BuildEventId::kBuildFinished:
        events_.finished = true;
        break;
      default:
        break;
    }
  }

  BuildEvents Finish() && {
    for (const BuildEvent& event : completed_) AddTarget(event);
    return std::move(events_);
  }

 private:
  void AddAction(const BuildEventId::ActionCompletedId& id,
                 const ActionExecuted& action) {
    BuildFailure& failure = actions_[id.primary_output()];
    failure.label = id.label();
    failure.mnemonic = action.type();
    failure.log_path = LocalPath(action.stderr());
    failure.message = action.failure_detail().message();
  }

  void AddAborted(const std::string& label, const Aborted& aborted) {
    BuildFailure& failure = aborted_[label];
    failure.label = label;
    failure.message = aborted.description();
  }

  void AddTarget(const BuildEvent& event) {
    const std::string& label = event.id().target_completed().label();
    BuiltTarget& target = events_.targets[label];
    if (event.completed().success()) {
      for (const OutputGroup& group : event.completed().output_group()) {
        target.output_groups[group.name()] = FilesOf(group);
      }
      return;
    }
    target.failure = RootCause(event);
    if (target.failure->label.empty()) target.failure->label = label;
  }

  std::vector<std::string> FilesOf(const OutputGroup& group) const {
    std::set<std::string> paths;
    std::set<std::string> seen;
    std::vector<std::string> pending;
    for (const auto& set : group.file_sets()) pending.push_back(set.id());
    while (!pending.empty()) {
      const std::string id = std::move(pending.back());
      pending.pop_back();
      const auto found = named_sets_.find(id);
      if (!seen.insert(id).second || found == named_sets_.end()) continue;
      for (const File& file : found->second.files()) {
        std::string path = LocalPath(file);
        if (!path.empty()) paths.insert(std::move(path));
      }
      for (const auto& set : found->second.file_sets()) {
        pending.push_back(set.id());
      }
    }
    return {paths.begin(), paths.end()};
  }

  // Failure of a child event; null if it did not fail.
  const BuildFailure* FailureOf(const BuildEventId& child) const {
    if (child.has_action_completed()) {
      const auto found =
          actions_.find(child.action_completed().primary_output());
      return found == actions_.end() ? nullptr : &found->second;
    }
    const std::string& label = child.has_unconfigured_label()
                                   ? child.unconfigured_label().label()
                                   : child.configured_label().label();
    const auto found = aborted_.find(label);
    return found == aborted_.end() ? nullptr : &found->second;
  }

  BuildFailure RootCause(const BuildEvent& event) const {
    for (const BuildEventId& child : event.children()) {
      const BuildFailure* failure = FailureOf(child);
      if (failure != nullptr) return *failure;
    }
    BuildFailure failure;
    failure.message = event.completed().failure_detail().message();
    if (failure.message.empty())
      failure.message = event.aborted().description();
    if (failure.message.empty() && event.has_aborted()) {
      failure.message = Aborted::AbortReason_Name(event.aborted().reason());
    }
    return failure;
  }

  BuildEvents events_;
  std::map<std::string, NamedSetOfFiles> named_sets_;  // By id.
  std::map<std::string, BuildFailure> actions_;        // By primary output.
  std::map<std::string, BuildFailure> aborted_;        // By label.
  std::vector<BuildEvent> completed_;
};

// Length of a varint that holds a uint32.
constexpr size_t kMaxVarint32Bytes = 5;

// Removes a varint from the front.  Unset if it is incomplete or too long.
absl::optional<uint32_t> ConsumeVarint32(absl::string_view& bytes) {
  uint32_t value = 0;
  for (size_t i = 0; i < kMaxVarint32Bytes && i < bytes.size(); ++i) {
    const auto byte = static_cast<uint8_t>(bytes[i]);
    value |= static_cast<uint32_t>(byte & 0x7f) << (7 * i);
    if ((byte & 0x80) == 0) {
      bytes.remove_prefix(i + 1);
      return value;
    }
  }
  return absl::nullopt;
}

absl::Status NotAnEvent(int number) {
  return absl::InvalidArgumentError(
      absl::StrCat("build event ", number, ": not a BuildEvent message"));
}

}  // namespace

absl::StatusOr<BuildEvents> ParseBuildEvents(absl::string_view delimited) {
  Collector collector;
  for (int number = 1; !delimited.empty(); ++number) {
    const bool has_whole_size = delimited.size() >= kMaxVarint32Bytes;
    const absl::optional<uint32_t> size = ConsumeVarint32(delimited);
    if (!size.has_value() && has_whole_size) return NotAnEvent(number);
    if (!size.has_value() || *size > delimited.size()) break;  // Truncated.
    BuildEvent event;
    if (!event.ParseFromString(std::string(delimited.substr(0, *size)))) {
      return NotAnEvent(number);
    }
    delimited.remove_prefix(*size);
    collector.Add(std::move(event));
  }
  return std::move(collector).Finish();
}

}  // namespace gantry::job
