#include "release/job/failure_report.h"

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/attempt.pb.h"
#include "re2/re2.h"
#include "release/job/fingerprint.h"

namespace gantry::job {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// A directory for logs that does not exist yet.
class FailureReportTest : public testing::Test {
 protected:
  FailureReportTest() : directory_(*TempDir::Create(testing::TempDir())) {}

  std::string PathOf(absl::string_view name) const {
    return JoinPath(directory_.path(), name);
  }

  absl::StatusOr<FailureReport> Save(const BuildFailure& failure) const {
    return SaveFailureLog(failure, PathOf("logs/cell"));
  }

  TempDir directory_;
};

// The failure of a repository rule with this error.
BuildFailure RepositoryFailure(absl::string_view error) {
  BuildFailure failure;
  failure.label = "//external:container";
  failure.message = absl::StrCat(
      "Traceback (most recent call last):\n\tFile \"x.bzl\", line 2\n", error);
  return failure;
}

TEST_F(FailureReportTest, ReasonOfAnActionIsTheFirstLineOfItsLog) {
  BuildFailure failure;
  failure.label = "@cells//stages:x.modules";
  failure.mnemonic = "CompileKernelModules";
  failure.log_path = PathOf("stderr-3");
  failure.message = "compile_modules failed: error executing command";
  const std::string log = "first error: nv-pci.c:1:2: error: no\nmore\n";
  ASSERT_THAT(WriteFileAtomically(failure.log_path, log), IsOk());

  GANTRY_ASSERT_OK_AND_ASSIGN(const FailureReport report, Save(failure));
  EXPECT_EQ(report.failure.reason(),
            "CompileKernelModules: first error: nv-pci.c:1:2: error: no");
  EXPECT_EQ(report.log_path, PathOf("logs/cell/CompileKernelModules.log"));
  EXPECT_THAT(ReadFile(report.log_path), IsOkAndHolds(log));
}

TEST_F(FailureReportTest, ReasonOfARepositoryIsTheErrorOfItsRule) {
  const BuildFailure failure =
      RepositoryFailure("Error in fail: image.bz2: bad signature");
  GANTRY_ASSERT_OK_AND_ASSIGN(const FailureReport report, Save(failure));
  EXPECT_EQ(report.failure.reason(),
            "//external:container: image.bz2: bad signature");
  EXPECT_THAT(ReadFile(PathOf("logs/cell/fetch.log")),
              IsOkAndHolds(failure.message + "\n"));
}

TEST_F(FailureReportTest, ReasonOfADownloadIsItsError) {
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const FailureReport report,
      Save(RepositoryFailure("Error in download: java.io.IOException: GET "
                             "returned 404")));
  EXPECT_EQ(report.failure.reason(),
            "//external:container: java.io.IOException: GET returned 404");
}

TEST_F(FailureReportTest, CompilerErrorIsDeterministic) {
  BuildFailure failure;
  failure.mnemonic = "CompileKernelModules";
  failure.message = "nv-pci.c:1:2: error: no";
  GANTRY_ASSERT_OK_AND_ASSIGN(const FailureReport report, Save(failure));
  EXPECT_EQ(report.failure.class_(), release::v1::FAILURE_CLASS_DETERMINISTIC);
  EXPECT_EQ(report.failure.stage(), "compile");
  EXPECT_EQ(report.failure.fingerprint(),
            Fingerprint("compile", "nv-pci.c:1:2: error: no"));
}

TEST_F(FailureReportTest, FailuresOfMachineAndNetworkAreOfInfrastructure) {
  BuildFailure full_disk;
  full_disk.mnemonic = "CompileKernelModules";
  full_disk.message = "gcc: fatal error: x.o: No space left on device";
  BuildFailure killed;
  killed.mnemonic = "ProveModules";
  killed.message = "prove failed: (Killed)";
  BuildFailure gantry;
  gantry.mnemonic = "CppCompile";
  gantry.message = "base/file.cc:1:2: error: no";
  for (const BuildFailure& failure :
       {full_disk, killed, gantry, RepositoryFailure("Error in fail: 404")}) {
    GANTRY_ASSERT_OK_AND_ASSIGN(const FailureReport report, Save(failure));
    EXPECT_EQ(report.failure.class_(),
              release::v1::FAILURE_CLASS_INFRASTRUCTURE)
        << failure.message;
  }
}

TEST(ReasonLineTest, IsOnePrintableLine) {
  EXPECT_EQ(ReasonLine("\n  a\tb\x1b[0m\xff\nmore"), "a b?[0m?");
  EXPECT_EQ(ReasonLine(std::string(2000, 'x')), std::string(1000, 'x'));
  EXPECT_EQ(ReasonLine(" \n"), "unknown");
}

class LogExcerptTest : public FailureReportTest {
 protected:
  std::string Write(const std::string& log) {
    EXPECT_THAT(WriteFileAtomically(PathOf("log"), log), IsOk());
    return PathOf("log");
  }
};

TEST_F(LogExcerptTest, LogUpToTheLimitIsComplete) {
  const std::string log(1024, 'x');
  EXPECT_THAT(ReadLogExcerpt(Write(log), 1024), IsOkAndHolds(log));
  EXPECT_THAT(ReadLogExcerpt(Write("")), IsOkAndHolds(""));
}

TEST_F(LogExcerptTest, LongLogHasItsFirstAndLastLines) {
  std::string log;
  for (int line = 1; line <= 1000; ++line) {
    absl::StrAppend(&log, "line ", line, "\n");
  }
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::string excerpt,
                              ReadLogExcerpt(Write(log), 1024));
  EXPECT_LE(excerpt.size(), 1024u);
  EXPECT_GE(excerpt.size(), 900u);
  EXPECT_THAT(excerpt, StartsWith("line 1\nline 2\n"));
  EXPECT_THAT(excerpt, EndsWith("\nline 999\nline 1000\n"));
  int64_t omitted = 0;
  std::string around[2];
  ASSERT_TRUE(RE2::FullMatch(
      excerpt,
      "((?:line [0-9]+\n)+)\\[([0-9]+) bytes of the log are left "
      "out\\]\n((?:line [0-9]+\n)+)",
      &around[0], &omitted, &around[1]))
      << excerpt;
  EXPECT_EQ(around[0].size() + omitted + around[1].size(), log.size());
}

TEST_F(LogExcerptTest, LongLineIsCut) {
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const std::string excerpt,
      ReadLogExcerpt(Write(std::string(10'000, 'x')), 1024));
  EXPECT_LE(excerpt.size(), 1024u);
  EXPECT_THAT(excerpt, HasSubstr("x\n[9"));
  EXPECT_THAT(excerpt, EndsWith("out]\n" + std::string(462, 'x')));
}

TEST_F(LogExcerptTest, MissingLogIsAnError) {
  EXPECT_THAT(ReadLogExcerpt(PathOf("none")),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(FailureReportTest, LogOfAnEarlierAttemptIsRemoved) {
  ASSERT_THAT(CreateDirectories(PathOf("logs/cell")), IsOk());
  const std::string old = PathOf("logs/cell/ProveModules.log");
  ASSERT_THAT(WriteFileAtomically(old, "old"), IsOk());
  BuildFailure failure;
  failure.mnemonic = "CompileKernelModules";
  failure.message = "killed";
  GANTRY_ASSERT_OK_AND_ASSIGN(const FailureReport report, Save(failure));
  EXPECT_EQ(report.failure.reason(), "CompileKernelModules: killed");
  EXPECT_THAT(ReadFile(old), StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace gantry::job
