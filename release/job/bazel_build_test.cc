#include "release/job/bazel_build.h"

#include <signal.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "release/job/fake_bazel.h"

namespace gantry::job {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(ProgressOfLineTest, EndsAfterTheTime) {
  EXPECT_EQ(ProgressOfLine("[12 / 40] Compiling modules; 33s linux-sandbox "
                           "... (4 actions running)"),
            "[12 / 40] Compiling modules; 33s");
  EXPECT_EQ(ProgressOfLine("[3 / 4] Proving; 2s local"), "[3 / 4] Proving; 2s");
  EXPECT_EQ(ProgressOfLine("    Fetching @container; 4s"),
            "Fetching @container; 4s");
}

TEST(ProgressOfLineTest, OtherLinesHaveNone) {
  EXPECT_EQ(ProgressOfLine("INFO: Elapsed time: 1s"), "");
}

// tests/e2e runs the real Bazel.
class BazelBuildTest : public testing::Test {
 protected:
  BazelBuildTest()
      : directory_(*TempDir::Create(testing::TempDir())),
        bazel_(directory_.path()) {
    options_.bazel = bazel_.command();
    options_.workspace = directory_.path();
    options_.labels = {"@other//c:cell"};
    options_.log_path = PathOf("log");
  }

  std::string PathOf(const std::string& name) const {
    return JoinPath(directory_.path(), name);
  }

  const TempDir directory_;
  FakeBazel bazel_;
  BazelBuildOptions options_;
};

TEST_F(BazelBuildTest, FailedTargetIsAResult) {
  bazel_.Fails("@other//c:cell", "CompileX", "no\n");
  GANTRY_ASSERT_OK_AND_ASSIGN(const BuildEvents events,
                              BuildWithBazel(options_));
  EXPECT_EQ(events.execution_root, directory_.path());
  EXPECT_EQ(events.targets.at("@other//c:cell").failure->mnemonic, "CompileX");
}

TEST_F(BazelBuildTest, OutputIsLoggedAndItsProgressReported) {
  bazel_.RunsFirst("echo '[1 / 2] Compiling' >&2; echo out\n");
  bazel_.Builds("@other//c:cell", {});
  std::vector<std::string> statuses;
  options_.on_status = [&](absl::string_view status) {
    statuses.emplace_back(status);
  };
  EXPECT_THAT(BuildWithBazel(options_), IsOk());
  EXPECT_THAT(statuses, ElementsAre("[1 / 2] Compiling"));
  EXPECT_THAT(ReadFile(options_.log_path),
              IsOkAndHolds("[1 / 2] Compiling\nout\n"));
}

TEST_F(BazelBuildTest, OutputGroupsAreAddedToTheDefault) {
  bazel_.RunsFirst("echo \"$@\" >'" + PathOf("arguments") + "'\n");
  bazel_.Builds("@other//c:cell", {});
  options_.options = {"--output_groups=-proof"};
  options_.output_groups = {"image", "proof"};
  EXPECT_THAT(BuildWithBazel(options_), IsOk());
  EXPECT_THAT(ReadFile(PathOf("arguments")),
              IsOkAndHolds(AllOf(
                  HasSubstr("build --output_groups=-proof "),
                  HasSubstr(" --output_groups=+image,+proof -- @other"))));
}

TEST_F(BazelBuildTest, FailureOfBazelIsAnErrorWithItsLog) {
  bazel_.RunsFirst("echo 'ERROR: bad option' >&2; exit 2\n");
  EXPECT_THAT(BuildWithBazel(options_),
              StatusIs(absl::StatusCode::kInternal,
                       AllOf(HasSubstr("bazel exited with 2"),
                             HasSubstr("ERROR: bad option"))));
}

TEST_F(BazelBuildTest, InterruptStopsBazelAndIsCancelled) {
  bazel_.RunsFirst(
      "trap 'exit 8' INT\necho '[1 / 2] Compiling'\n"
      "while :; do sleep 0.1; done\n");
  options_.on_status = [](absl::string_view) { raise(SIGINT); };
  EXPECT_THAT(BuildWithBazel(options_),
              StatusIs(absl::StatusCode::kCancelled, "interrupted"));
}

TEST_F(BazelBuildTest, MissingProgramIsNamed) {
  options_.bazel = {"/nonexistent/bazel"};
  EXPECT_THAT(
      BuildWithBazel(options_),
      StatusIs(absl::StatusCode::kNotFound, HasSubstr("/nonexistent/bazel")));
}

}  // namespace
}  // namespace gantry::job
