#include "release/job/build_events.h"

#include <string>

#include "absl/status/status.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::job {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr char kPackage[] =
    "/output_base/execroot/__main__/bazel-out/k8-fastbuild/bin/external/other/"
    "s/";

// Recorded from Bazel 4.2.3 with --keep_going: one target is built, one has a
// failing action, and one needs a repository that can't be fetched.  The built
// one has an output group "blobs" of nested sets, and file names that URIs
// encode.  Events of other kinds are removed.
class BuildEventsTest : public testing::Test {
 protected:
  void SetUp() override {
    GANTRY_ASSERT_OK_AND_ASSIGN(
        recorded_, ReadFile("release/job/testdata/build_events.binpb"));
    GANTRY_ASSERT_OK_AND_ASSIGN(events_, ParseBuildEvents(recorded_));
  }

  const BuildFailure& FailureOf(const std::string& label) {
    static const BuildFailure* const kNone = new BuildFailure();
    const BuiltTarget& target = events_.targets[label];
    EXPECT_TRUE(target.failure.has_value());
    return target.failure.has_value() ? *target.failure : *kNone;
  }

  std::string recorded_;
  BuildEvents events_;
};

TEST_F(BuildEventsTest, FinishedBuildHasItsExecutionRoot) {
  EXPECT_TRUE(events_.finished);
  EXPECT_EQ(events_.execution_root, "/output_base/execroot/__main__");
}

TEST_F(BuildEventsTest, BuiltTargetHasFilesByOutputGroup) {
  const std::string package = kPackage;
  const BuiltTarget& target = events_.targets["@other//a+b:cell"];
  EXPECT_FALSE(target.failure.has_value());
  EXPECT_THAT(
      target.output_groups,
      ElementsAre(Pair("blobs", ElementsAre(package + "cuda%1.layer",
                                            package + "driver.layer",
                                            package + "good.config.out")),
                  Pair("default", ElementsAre(package + "cuda%1.layer",
                                              package + "driver.layer",
                                              package + "good image.out",
                                              package + "good.config.out",
                                              package + "good.proof.out")),
                  Pair("image", ElementsAre(package + "good image.out")),
                  Pair("proof", ElementsAre(package + "good.proof.out"))));
}

TEST_F(BuildEventsTest, FailingActionIsTheCauseWithItsLog) {
  const BuildFailure& failure = FailureOf("@other//c:cell");
  EXPECT_EQ(failure.label, "@other//s:failing");
  EXPECT_EQ(failure.mnemonic, "CompileX");
  EXPECT_EQ(failure.log_path,
            "/output_base/execroot/__main__/bazel-out/_tmp/actions/stderr-2");
  EXPECT_THAT(failure.message, HasSubstr("error executing command"));
}

TEST_F(BuildEventsTest, RepositoryThatCannotBeFetchedIsTheCause) {
  const BuildFailure& failure = FailureOf("@other//d:cell");
  EXPECT_EQ(failure.label, "//external:badrepo");
  EXPECT_EQ(failure.mnemonic, "");
  EXPECT_THAT(failure.message,
              HasSubstr("Error in fail: cannot fetch the thing: 404"));
}

TEST_F(BuildEventsTest, CompleteEventsOfATruncatedFileAreRead) {
  size_t targets = 0;
  for (size_t size = 0; size < recorded_.size(); ++size) {
    GANTRY_ASSERT_OK_AND_ASSIGN(
        const BuildEvents events,
        ParseBuildEvents(absl::string_view(recorded_).substr(0, size)));
    EXPECT_GE(events.targets.size(), targets) << size;
    targets = events.targets.size();
  }
  EXPECT_EQ(targets, 3);
}

TEST_F(BuildEventsTest, BuildIsUnfinishedWithoutItsLastEvents) {
  const size_t half = recorded_.size() / 2;
  EXPECT_FALSE(ParseBuildEvents(recorded_.substr(0, half))->finished);
  EXPECT_THAT(ParseBuildEvents("")->targets, IsEmpty());
}

TEST_F(BuildEventsTest, MalformedEventIsNamed) {
  // A field of wire type 7, and a size that does not end.
  for (const char* malformed : {"\x01\x0f", "\xff\xff\xff\xff\xff\xff"}) {
    EXPECT_THAT(ParseBuildEvents(std::string("\0", 1) + malformed),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         "build event 2: not a BuildEvent message"));
  }
}

}  // namespace
}  // namespace gantry::job
