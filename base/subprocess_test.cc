#include "base/subprocess.h"

#include <signal.h>

#include <string>

#include "absl/time/clock.h"
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
  const auto result = RunSubprocess(options);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->exit_code, 3);
  EXPECT_EQ(result->output, options.input);
  EXPECT_EQ(result->error_output, "problem\n");
}

TEST(SubprocessTest, HandsOutPiecesOfMergedOutput) {
  SubprocessOptions options;
  options.argv = {"sh", "-c", "echo a; echo b >&2"};
  options.merge_stderr = true;
  std::string seen;
  options.on_output = [&](absl::string_view piece) {
    seen.append(piece.data(), piece.size());
  };
  const auto result = RunSubprocess(options);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(seen, "a\nb\n");
  EXPECT_EQ(result->output, "");
}

TEST(SubprocessTest, GivesExactlyTheEnvironmentAndFolder) {
  SubprocessOptions options;
  options.argv = {"/usr/bin/env", "sh", "-c", "echo $A; pwd"};
  options.environment = {{"A", "b c"}, {"PATH", "/usr/bin:/bin"}};
  options.working_directory = "/usr";
  const auto result = RunSubprocess(options);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->output, "b c\n/usr\n");
}

TEST(SubprocessTest, TimeoutKillsTheWholeGroup) {
  SubprocessOptions options;
  options.argv = {"sh", "-c", "sleep 1000 & sleep 1000"};
  options.timeout = absl::Milliseconds(100);
  EXPECT_EQ(RunSubprocess(options).status().code(),
            absl::StatusCode::kDeadlineExceeded);
}

TEST(SubprocessTest, InputThatNobodyReadsIsNoError) {
  SubprocessOptions options;
  options.argv = {"true"};
  options.input = std::string(1 << 20, 'x');
  const auto result = RunSubprocess(options);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->exit_code, 0);
}

TEST(SubprocessTest, MissingProgramIsNotFound) {
  SubprocessOptions options;
  options.argv = {"no-such-program"};
  const absl::Status status = RunSubprocess(options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_NE(status.message().find("no-such-program"), std::string::npos);
}

TEST(SubprocessTest, RunCommandReportsFailure) {
  EXPECT_EQ(*RunCommand({"echo", "hello"}), "hello\n");
  const absl::Status status =
      RunCommand({"sh", "-c", "echo broken >&2; exit 7"}).status();
  EXPECT_EQ(status, absl::InternalError("sh exited with 7: broken"));
}

TEST(BackgroundProcessTest, ReadsLinesSignalsAndWaits) {
  SubprocessOptions options;
  options.argv = {"sh", "-c", "echo one; echo two; exec sleep 1000"};
  auto process = BackgroundProcess::Start(options);
  ASSERT_TRUE(process.ok()) << process.status();
  EXPECT_EQ(*process->ReadLine(), "one");
  EXPECT_EQ(*process->ReadLine(), "two");
  process->Signal(SIGTERM);
  EXPECT_EQ(process->Wait(), 128 + SIGTERM);
  EXPECT_EQ(process->ReadLine().status().code(), absl::StatusCode::kOutOfRange);
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
    auto process = BackgroundProcess::Start(options);
    ASSERT_TRUE(process.ok()) << process.status();
    pid = process->pid();
    EXPECT_EQ(kill(pid, 0), 0);
  }
  EXPECT_NE(kill(pid, 0), 0);
}

}  // namespace
}  // namespace gantry
