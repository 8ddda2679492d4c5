#include "release/job/build_events.h"

#include <string>

#include "base/file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::job {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Recorded from Bazel 4.2.3 with --keep_going: one target is built, one has a
// failing action, and one needs a repository that can't be fetched.
std::string RecordedEvents() {
  return *ReadFile("release/job/testdata/build_events.json");
}

TEST(BuildEventsTest, BuiltTargetHasItsOutputs) {
  const auto events = ParseBuildEvents(RecordedEvents());
  ASSERT_TRUE(events.ok()) << events.status();
  EXPECT_TRUE(events->finished);
  EXPECT_EQ(events->execution_root, "/output_base/execroot/__main__");
  const BuiltTarget& target = events->targets.at("@other//a+b:cell");
  EXPECT_FALSE(target.failure.has_value());
  EXPECT_THAT(target.outputs,
              ElementsAre("/output_base/execroot/__main__/bazel-out/"
                          "k8-fastbuild/bin/external/other/s/good.out"));
}

TEST(BuildEventsTest, FailingActionIsTheCauseWithItsLog) {
  const auto events = ParseBuildEvents(RecordedEvents());
  ASSERT_TRUE(events.ok()) << events.status();
  const BuiltTarget& target = events->targets.at("@other//c:cell");
  ASSERT_TRUE(target.failure.has_value());
  EXPECT_EQ(target.failure->label, "@other//s:failing");
  EXPECT_EQ(target.failure->mnemonic, "CompileX");
  EXPECT_EQ(target.failure->log_path,
            "/output_base/execroot/__main__/bazel-out/_tmp/actions/stderr-3");
}

TEST(BuildEventsTest, RepositoryThatCannotBeFetchedIsTheCause) {
  const auto events = ParseBuildEvents(RecordedEvents());
  ASSERT_TRUE(events.ok()) << events.status();
  const BuiltTarget& target = events->targets.at("@other//d:cell");
  ASSERT_TRUE(target.failure.has_value());
  EXPECT_EQ(target.failure->label, "//external:badrepo");
  EXPECT_THAT(target.failure->message,
              HasSubstr("Error in fail: cannot fetch the thing: 404"));
}

TEST(BuildEventsTest, KilledBazelLeavesAnUnfinishedBuild) {
  const std::string recorded = RecordedEvents();
  const auto events =
      ParseBuildEvents(absl::string_view(recorded).substr(0, 2000));
  ASSERT_TRUE(events.ok()) << events.status();
  EXPECT_FALSE(events->finished);
}

TEST(BuildEventsTest, LineThatIsNoEventIsNamed) {
  const absl::Status status = ParseBuildEvents("{}\nnonsense\n").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("build event 2: "));
}

}  // namespace
}  // namespace gantry::job
