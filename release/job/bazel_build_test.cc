#include "release/job/bazel_build.h"

#include <signal.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::job {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(BazelBuildTest, ProgressIsWhatAPersonWantsToSee) {
  EXPECT_EQ(ProgressOfLine("[12 / 40] Compiling modules; 33s linux-sandbox "
                           "... (4 actions running)"),
            "[12 / 40] Compiling modules; 33s");
  EXPECT_EQ(ProgressOfLine("[3 / 4] Proving; 2s local"), "[3 / 4] Proving; 2s");
  EXPECT_EQ(ProgressOfLine("    Fetching @container; 4s"),
            "Fetching @container; 4s");
  EXPECT_EQ(ProgressOfLine("INFO: Elapsed time: 1s"), "");
}

// A program that stands where Bazel does, so that its own failures can be
// had; tests/e2e runs the real one.
class FakeBazelTest : public testing::Test {
 protected:
  FakeBazelTest() : dir_(*TempDir::Create(testing::TempDir())) {
    options_.workspace = dir_.path();
    options_.labels = {"@other//c:cell"};
    options_.log_path = JoinPath(dir_.path(), "log");
    options_.on_status = [this](absl::string_view status) {
      statuses_.emplace_back(status);
    };
  }

  void Program(const std::string& script) {
    const std::string path = JoinPath(dir_.path(), "bazel");
    ASSERT_TRUE(WriteFileAtomically(path, "#!/bin/sh\n" + script).ok());
    ASSERT_EQ(chmod(path.c_str(), 0755), 0);
    options_.bazel = {path, "--startup"};
  }

  TempDir dir_;
  BazelBuildOptions options_;
  std::vector<std::string> statuses_;
};

TEST_F(FakeBazelTest, FailedTargetsAreResultsAndTheLogIsKept) {
  const std::string events =
      std::filesystem::absolute("release/job/testdata/build_events.json");
  Program(
      "for a; do case $a in --build_event_json_file=*)\n"
      "cp '" +
      events +
      "' \"${a#*=}\";; esac; done\n"
      "echo '[1 / 2] Compiling' >&2; echo out; exit 1\n");
  const auto result = BuildWithBazel(options_);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_TRUE(result->targets.at("@other//c:cell").failure.has_value());
  EXPECT_THAT(statuses_, ElementsAre("[1 / 2] Compiling"));
  EXPECT_EQ(*ReadFile(options_.log_path), "[1 / 2] Compiling\nout\n");
}

TEST_F(FakeBazelTest, ItsOwnFailureIsAnErrorWithItsWords) {
  Program("echo 'ERROR: bad option' >&2; exit 2\n");
  const absl::Status status = BuildWithBazel(options_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(status.message()), HasSubstr("bazel exited with 2"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("ERROR: bad option"));
}

TEST_F(FakeBazelTest, InterruptStopsBazelAndIsNoFailureOfIt) {
  Program(
      "trap 'exit 8' INT\necho '[1 / 2] Compiling'\n"
      "while :; do sleep 0.1; done\n");
  options_.on_status = [](absl::string_view) { raise(SIGINT); };
  EXPECT_EQ(BuildWithBazel(options_).status(),
            absl::CancelledError("interrupted"));
}

TEST_F(FakeBazelTest, MissingProgramIsNamed) {
  options_.bazel = {"/nonexistent/bazel"};
  const absl::Status status = BuildWithBazel(options_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("/nonexistent/bazel"));
}

}  // namespace
}  // namespace gantry::job
