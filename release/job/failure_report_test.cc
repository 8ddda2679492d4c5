#include "release/job/failure_report.h"

#include <string>

#include "base/file.h"
#include "base/temp_dir.h"
#include "gtest/gtest.h"

namespace gantry::job {
namespace {

class FailureReportTest : public testing::Test {
 protected:
  FailureReportTest() : dir_(*TempDir::Create(testing::TempDir())) {
    folder_ = JoinPath(dir_.path(), "logs/cell");
  }

  TempDir dir_;
  std::string folder_;
};

TEST_F(FailureReportTest, FailedActionKeepsItsLogAndNamesItsFirstLine) {
  BuildFailure failure;
  failure.label = "@cells//stages:x.modules";
  failure.mnemonic = "CompileKernelModules";
  failure.log_path = JoinPath(dir_.path(), "stderr-3");
  failure.message = "compile_modules failed: error executing command";
  const std::string log = "first error: nv-pci.c:1:2: error: no\nmore\n";
  ASSERT_TRUE(WriteFileAtomically(failure.log_path, log).ok());

  const auto report = KeepFailure(failure, folder_);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->reason,
            "CompileKernelModules: first error: nv-pci.c:1:2: error: no");
  EXPECT_EQ(report->log_path, folder_ + "/CompileKernelModules.log");
  EXPECT_EQ(*ReadFile(report->log_path), log);
}

TEST_F(FailureReportTest, RepositoryGivesWhatItsRuleSaid) {
  BuildFailure failure;
  failure.label = "//external:container";
  failure.message =
      "Traceback (most recent call last):\n\tFile \"x.bzl\", line 2\n"
      "Error in fail: image.bz2: bad signature";
  const auto report = KeepFailure(failure, folder_);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->reason, "//external:container: image.bz2: bad signature");
  EXPECT_EQ(*ReadFile(folder_ + "/fetch.log"), failure.message + "\n");
}

TEST_F(FailureReportTest, RepositoryNamesADownloadThatFailed) {
  BuildFailure failure;
  failure.label = "//external:container";
  failure.message =
      "Traceback (most recent call last):\n\tFile \"x.bzl\", line 2\n"
      "Error in download: java.io.IOException: GET returned 404";
  const auto report = KeepFailure(failure, folder_);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->reason,
            "//external:container: java.io.IOException: GET returned 404");
}

TEST(ReasonLineTest, IsWhatTheServiceTakes) {
  EXPECT_EQ(ReasonLine("\n  a\tb\x1b[0m\xff\nmore"), "a b?[0m?");
  EXPECT_EQ(ReasonLine(std::string(2000, 'x')), std::string(1000, 'x'));
  EXPECT_EQ(ReasonLine(" \n"), "unknown");
}

TEST_F(FailureReportTest, LogOfAnEarlierAttemptGoes) {
  ASSERT_TRUE(CreateDirectories(folder_).ok());
  const std::string old = JoinPath(folder_, "ProveModules.log");
  ASSERT_TRUE(WriteFileAtomically(old, "old").ok());
  BuildFailure failure;
  failure.mnemonic = "CompileKernelModules";
  failure.message = "killed";
  const auto report = KeepFailure(failure, folder_);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->reason, "CompileKernelModules: killed");
  EXPECT_EQ(ReadFile(old).status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace gantry::job
