// Tests the program: its exit codes and what it prints.

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "base/status_matchers.h"
#include "base/subprocess.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "release/plan/discover_fixture.h"

namespace gantry::job {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class DiscoverMainTest : public plan::DiscoverTest {
 protected:
  SubprocessResult RunProgram() {
    SubprocessOptions program;
    program.argv = {"release/job/discover",
                    absl::StrCat("--matrix=", matrix_path()),
                    absl::StrCat("--state=", state_->path())};
    const auto result = RunSubprocess(program);
    EXPECT_THAT(result, IsOk());
    return result.value_or(SubprocessResult());
  }
};

TEST_F(DiscoverMainTest, AllChannelsResolvedIsExitCode0) {
  const SubprocessResult result = RunProgram();
  EXPECT_EQ(result.exit_code, 0) << result.error_output;
  EXPECT_THAT(result.output, StartsWith("release  coreos-2023.4.0    channel "
                                        "alpha\n"));
}

TEST_F(DiscoverMainTest, FailedChannelIsExitCode3AndTheLockHasTheOthers) {
  fs::remove_all(site_->PathOf("beta"));
  const SubprocessResult result = RunProgram();
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.error_output,
              HasSubstr("error: channel beta of FAMILY_FLATCAR: "));
  EXPECT_THAT(result.output, HasSubstr("release  flatcar-4230.2.0  channel "
                                       "stable\n"));
  EXPECT_TRUE(fs::exists(state_->lock_path()));
}

TEST_F(DiscoverMainTest, NoChannelResolvedIsExitCode1WithoutALock) {
  for (const char* channel : {"stable", "beta", "alpha"}) {
    fs::remove_all(site_->PathOf(channel));
  }
  const SubprocessResult result = RunProgram();
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.error_output,
              HasSubstr("discover: none of the 3 channels can be resolved\n"));
  EXPECT_FALSE(fs::exists(state_->lock_path()));
}

}  // namespace
}  // namespace gantry::job
