#include "release/job/build_events.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/json.h"
#include "base/status_macros.h"
#include "google/protobuf/struct.pb.h"

namespace gantry::job {
namespace {

using ::google::protobuf::ListValue;
using ::google::protobuf::Struct;
using ::google::protobuf::Value;

const Value* Find(const Struct& object, const std::string& name) {
  const auto found = object.fields().find(name);
  return found == object.fields().end() ? nullptr : &found->second;
}

// Empty if there is no such object.
const Struct& Object(const Struct& object, const std::string& name) {
  const Value* value = Find(object, name);
  return value == nullptr ? Struct::default_instance() : value->struct_value();
}

const ListValue& List(const Struct& object, const std::string& name) {
  const Value* value = Find(object, name);
  return value == nullptr ? ListValue::default_instance() : value->list_value();
}

const std::string& String(const Struct& object, const std::string& name) {
  static const std::string* const kEmpty = new std::string();
  const Value* value = Find(object, name);
  return value == nullptr ? *kEmpty : value->string_value();
}

std::string PathOfUri(const std::string& uri) {
  return std::string(absl::StripPrefix(uri, "file://"));
}

// Collects failures by what they are called in other events' children.
class Collector {
 public:
  void Add(const Struct& event) {
    const Struct& id = Object(event, "id");
    if (Find(id, "workspace") != nullptr) {
      events_.execution_root =
          String(Object(event, "workspaceInfo"), "localExecRoot");
    } else if (Find(id, "actionCompleted") != nullptr) {
      AddAction(Object(id, "actionCompleted"), Object(event, "action"));
    } else if (Find(id, "unconfiguredLabel") != nullptr) {
      AddAborted(Object(id, "unconfiguredLabel"), Object(event, "aborted"));
    } else if (Find(id, "configuredLabel") != nullptr) {
      AddAborted(Object(id, "configuredLabel"), Object(event, "aborted"));
    } else if (Find(id, "targetCompleted") != nullptr) {
      completed_.push_back(event);
    } else if (Find(id, "buildFinished") != nullptr) {
      events_.finished = true;
    }
  }

  BuildEvents Finish() && {
    for (const Struct& event : completed_) AddTarget(event);
    return std::move(events_);
  }

 private:
  void AddAction(const Struct& id, const Struct& action) {
    BuildFailure failure;
    failure.label = String(id, "label");
    failure.mnemonic = String(action, "type");
    failure.log_path = PathOfUri(String(Object(action, "stderr"), "uri"));
    failure.message = String(Object(action, "failureDetail"), "message");
    actions_[String(id, "primaryOutput")] = std::move(failure);
  }

  void AddAborted(const Struct& id, const Struct& aborted) {
    BuildFailure failure;
    failure.label = String(id, "label");
    failure.message = String(aborted, "description");
    aborted_[failure.label] = std::move(failure);
  }

  void AddTarget(const Struct& event) {
    const std::string& label =
        String(Object(Object(event, "id"), "targetCompleted"), "label");
    BuiltTarget& target = events_.targets[label];
    const Struct& completed = Object(event, "completed");
    const Value* success = Find(completed, "success");
    if (success != nullptr && success->bool_value()) {
      for (const Value& file : List(completed, "importantOutput").values()) {
        target.outputs.push_back(PathOfUri(String(file.struct_value(), "uri")));
      }
      return;
    }
    target.failure = RootCause(event);
    if (target.failure->label.empty()) target.failure->label = label;
  }

  // The first child that is known to have failed.
  BuildFailure RootCause(const Struct& event) const {
    for (const Value& value : List(event, "children").values()) {
      const Struct& child = value.struct_value();
      const auto action = actions_.find(
          String(Object(child, "actionCompleted"), "primaryOutput"));
      if (action != actions_.end()) return action->second;
      for (const char* kind : {"unconfiguredLabel", "configuredLabel"}) {
        const auto aborted =
            aborted_.find(String(Object(child, kind), "label"));
        if (aborted != aborted_.end()) return aborted->second;
      }
    }
    BuildFailure failure;
    const Struct& aborted = Object(event, "aborted");
    failure.message =
        String(Object(Object(event, "completed"), "failureDetail"), "message");
    if (failure.message.empty()) {
      failure.message = String(aborted, "description");
    }
    if (failure.message.empty()) failure.message = String(aborted, "reason");
    return failure;
  }

  BuildEvents events_;
  std::map<std::string, BuildFailure> actions_;  // By primary output.
  std::map<std::string, BuildFailure> aborted_;  // By label.
  std::vector<Struct> completed_;
};

}  // namespace

absl::StatusOr<BuildEvents> ParseBuildEvents(absl::string_view json_lines) {
  Collector collector;
  int number = 0;
  while (true) {
    const size_t end = json_lines.find('\n');
    if (end == absl::string_view::npos) break;
    const absl::string_view line = json_lines.substr(0, end);
    json_lines.remove_prefix(end + 1);
    ++number;
    Struct event;
    GANTRY_RETURN_IF_ERROR(
        ParseJson(line, absl::StrCat("build event ", number), event));
    collector.Add(event);
  }
  return std::move(collector).Finish();
}

}  // namespace gantry::job
