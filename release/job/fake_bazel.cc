#include "release/job/fake_bazel.h"

#include <sys/stat.h>

#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/delimited_message_util.h"
#include "gtest/gtest.h"
#include "src/main/java/com/google/devtools/build/lib/buildeventstream/proto/build_event_stream.pb.h"

namespace gantry::job {
namespace {

using ::build_event_stream::BuildEvent;
using ::build_event_stream::File;
using ::google::protobuf::util::SerializeDelimitedToOstream;

void SetUri(const std::string& path, File& file) {
  file.set_uri(absl::StrCat("file://", path));
}

std::string Delimited(const std::vector<BuildEvent>& events) {
  std::ostringstream out;
  for (const BuildEvent& event : events) {
    EXPECT_TRUE(SerializeDelimitedToOstream(event, &out));
  }
  return out.str();
}

}  // namespace

FakeBazel::FakeBazel(std::string directory)
    : directory_(std::move(directory)), program_(PathOf("")) {
  WriteProgram();
}

void FakeBazel::Builds(const std::string& label,
                       const std::map<std::string, std::string>& outputs) {
  std::vector<BuildEvent> events;
  BuildEvent completed;
  completed.mutable_id()->mutable_target_completed()->set_label(label);
  completed.mutable_completed()->set_success(true);
  for (const auto& [group, path] : outputs) {
    const std::string set_id = absl::StrCat(label, " ", group);
    BuildEvent& set = events.emplace_back();
    set.mutable_id()->mutable_named_set()->set_id(set_id);
    SetUri(path, *set.mutable_named_set_of_files()->add_files());
    auto& output_group = *completed.mutable_completed()->add_output_group();
    output_group.set_name(group);
    output_group.add_file_sets()->set_id(set_id);
  }
  events.push_back(completed);
  targets_[label] = {Delimited(events), false};
  WriteProgram();
}

void FakeBazel::Fails(const std::string& label, const std::string& mnemonic,
                      const std::string& log) {
  const std::string log_suffix =
      absl::StrCat(".", DigestHex(Sha256Digest(label)), ".stderr");
  Write(log_suffix, log);
  BuildEvent action;
  auto& id = *action.mutable_id()->mutable_action_completed();
  id.set_label("//:failing");
  id.set_primary_output(absl::StrCat("bazel-out/", label));
  action.mutable_action()->set_type(mnemonic);
  SetUri(PathOf(log_suffix), *action.mutable_action()->mutable_stderr());
  action.mutable_action()->mutable_failure_detail()->set_message(
      "action failed: (Exit 1)");
  BuildEvent completed;
  completed.mutable_id()->mutable_target_completed()->set_label(label);
  *completed.add_children() = action.id();
  completed.mutable_completed()->set_success(false);
  targets_[label] = {Delimited({action, completed}), true};
  WriteProgram();
}

void FakeBazel::RunsFirst(const std::string& commands) {
  commands_ = commands;
  is_deferred_ = false;
  WriteProgram();
}

void FakeBazel::RunsLast(const std::string& commands) {
  last_commands_ = commands;
  WriteProgram();
}

std::string FakeBazel::PathOf(const std::string& suffix) const {
  return JoinPath(directory_, absl::StrCat("bazel", suffix));
}

void FakeBazel::Write(const std::string& suffix, const std::string& content) {
  EXPECT_THAT(WriteFileAtomically(PathOf(suffix), content), IsOk());
}

void FakeBazel::WriteProgram() {
  if (is_deferred_) return;
  BuildEvent workspace;
  workspace.mutable_id()->mutable_workspace();
  workspace.mutable_workspace_info()->set_local_exec_root(directory_);
  BuildEvent finished;
  finished.mutable_id()->mutable_build_finished();
  std::string events = Delimited({workspace});
  bool fails = false;
  for (const auto& [label, target] : targets_) {
    events += target.events;
    fails = fails || target.fails;
  }
  events += Delimited({finished});
  Write(".events", events);
  Write("", absl::StrCat("#!/bin/sh\n", commands_, R"(
for argument; do
  case $argument in --build_event_binary_file=*)
    cp "$0.events" "${argument#*=}"
  esac
done
)",
                         last_commands_, "exit ", fails ? 1 : 0, "\n"));
  EXPECT_EQ(chmod(program_.c_str(), 0755), 0);
}

}  // namespace gantry::job
