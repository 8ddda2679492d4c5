#include "base/subprocess.h"

#include <signal.h>

#include <string>

#include "absl/status/status.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry {
namespace {

TEST(SubprocessTest, CapturesOutputErrorsAndExitCode) {
  SubprocessOptions options;
  options.argv = {"sh", "-c", "cat; echo problem >&2; exit 3"};
  options.input = std::string(300000, 'x');
  GANTRY_ASSERT_OK_AND_ASSIGN(const SubprocessResult result,
                              RunSubprocess(options));
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_EQ(result.output, options.input);
  EXPECT_EQ(result.error_output, "problem\n");
}

TEST(SubprocessTest, PassesPiecesOfMergedOutput) {
  SubprocessOptions options;
  options.argv = {"sh", "-c", "echo a; echo b >&2"};
  options.merge_stderr = true;
  std::string seen;
  options.on_output = [&](absl::string_view piece) {
    seen.append(piece.data(), piece.size());
  };
  GANTRY_ASSERT_OK_AND_ASSIGN(const SubprocessResult result,
                              RunSubprocess(options));
  EXPECT_EQ(seen, "a\nb\n");
  EXPECT_EQ(result.output, "");
}

TEST(SubprocessTest, SetsExactlyTheEnvironmentAndTheWorkingDirectory) {
  SubprocessOptions options;
  options.argv = {"/usr/bin/env", "sh", "-c", "echo $A; pwd"};
  options.environment = {{"A", "b c"}, {"PATH", "/usr/bin:/bin"}};
  options.working_directory = "/usr";
  GANTRY_ASSERT_OK_AND_ASSIGN(const SubprocessResult result,
                              RunSubprocess(options));
  EXPECT_EQ(result.output, "b c\n/usr\n");
}

TEST(SubprocessTest, TimeoutKillsTheWholeGroup) {
  SubprocessOptions options;
  options.argv = {"sh", "-c", "sleep 1000 & sleep 1000"};
  options.timeout = absl::Milliseconds(100);
  EXPECT_THAT(RunSubprocess(options),
              StatusIs(absl::StatusCode::kDeadlineExceeded,
                       "sh was killed after 100ms"));
}

TEST(SubprocessTest, TimeoutAppliesAfterTheOutputIsClosed) {
  SubprocessOptions options;
  options.argv = {"sh", "-c", "exec >&- 2>&-; exec sleep 60"};
  options.timeout = absl::Milliseconds(100);
  EXPECT_THAT(RunSubprocess(options),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST(SubprocessTest, UnreadInputIsNotAnError) {
  SubprocessOptions options;
  options.argv = {"true"};
  options.input = std::string(1 << 20, 'x');
  GANTRY_ASSERT_OK_AND_ASSIGN(const SubprocessResult result,
                              RunSubprocess(options));
  EXPECT_EQ(result.exit_code, 0);
}

TEST(SubprocessTest, MissingProgramIsNotFound) {
  SubprocessOptions options;
  options.argv = {"no-such-program"};
  EXPECT_THAT(RunSubprocess(options),
              StatusIs(absl::StatusCode::kNotFound,
                       "no-such-program: No such file or directory"));
}

TEST(SubprocessTest, RunCommandReportsFailure) {
  EXPECT_THAT(RunCommand({"echo", "hello"}), IsOkAndHolds("hello\n"));
  EXPECT_THAT(
      RunCommand({"sh", "-c", "echo broken >&2; exit 7"}),
      StatusIs(absl::StatusCode::kInternal, "sh exited with 7: broken"));
}

TEST(BackgroundProcessTest, ReadsLinesSignalsAndWaits) {
  SubprocessOptions options;
  options.argv = {"sh", "-c", "echo one; echo two; exec sleep 1000"};
  GANTRY_ASSERT_OK_AND_ASSIGN(BackgroundProcess process,
                              BackgroundProcess::Start(options));
  EXPECT_THAT(process.ReadLine(), IsOkAndHolds("one"));
  EXPECT_THAT(process.ReadLine(), IsOkAndHolds("two"));
  process.Signal(SIGTERM);
  EXPECT_EQ(process.Wait(), 128 + SIGTERM);
  EXPECT_THAT(process.ReadLine(), StatusIs(absl::StatusCode::kOutOfRange,
                                           "the program closed its output"));
}

TEST(BackgroundProcessTest, StandardErrorIsAppendedToTheLog) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const TempDir dir,
                              TempDir::Create(testing::TempDir()));
  SubprocessOptions options;
  options.argv = {"sh", "-c", "echo problem >&2"};
  options.error_log = JoinPath(dir.path(), "log");
  for (int run = 0; run < 2; ++run) {
    GANTRY_ASSERT_OK_AND_ASSIGN(BackgroundProcess process,
                                BackgroundProcess::Start(options));
    EXPECT_EQ(process.Wait(), 0);
  }
  EXPECT_THAT(ReadFile(options.error_log), IsOkAndHolds("problem\nproblem\n"));
}

TEST(BackgroundProcessTest, HasExitedDoesNotWait) {
  SubprocessOptions options;
  options.argv = {"sleep", "1000"};
  GANTRY_ASSERT_OK_AND_ASSIGN(BackgroundProcess process,
                              BackgroundProcess::Start(options));
  EXPECT_FALSE(process.HasExited());
  process.Signal(SIGTERM);
  EXPECT_EQ(process.Wait(), 128 + SIGTERM);
  EXPECT_TRUE(process.HasExited());
}

TEST(BackgroundProcessTest, DestructorKillsTheProcess) {
  pid_t pid = -1;
  {
    SubprocessOptions options;
    options.argv = {"sleep", "1000"};
    GANTRY_ASSERT_OK_AND_ASSIGN(const BackgroundProcess process,
                                BackgroundProcess::Start(options));
    pid = process.pid();
    EXPECT_EQ(kill(pid, 0), 0);
  }
  EXPECT_NE(kill(pid, 0), 0);
}

}  // namespace
}  // namespace gantry
