#include "base/fd_io.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/temp_dir.h"
#include "base/unique_fd.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry {
namespace {

class FdIoTest : public testing::Test {
 protected:
  // A new, empty file.
  UniqueFd Create(int flags = O_RDWR) const {
    return UniqueFd(open(path_.c_str(), flags | O_CREAT | O_CLOEXEC, 0600));
  }

  const TempDir directory_ = *TempDir::Create();
  const std::string path_ = JoinPath(directory_.path(), "x");
};

// Larger than a pipe's buffer, so that transfers are short.
std::string LargeText() {
  std::string text;
  for (int i = 0; i < 1 << 20; ++i) text.push_back('a' + i % 23);
  return text;
}

TEST_F(FdIoTest, WritesAtThePositionOrAtAnOffset) {
  const UniqueFd fd = Create();
  ASSERT_THAT(WriteAll(fd.get(), "one ", "x"), IsOk());
  ASSERT_THAT(WriteAllAt(fd.get(), 8, "three", "x"), IsOk());
  ASSERT_THAT(WriteAll(fd.get(), "two ", "x"), IsOk());
  EXPECT_THAT(ReadFile(path_), IsOkAndHolds("one two three"));
}

TEST_F(FdIoTest, ContinuesAfterShortTransfersAndSignals) {
  // Without SA_RESTART: a signal makes read(2) and write(2) fail with EINTR.
  struct sigaction action = {};
  action.sa_handler = [](int) {};
  ASSERT_EQ(sigaction(SIGUSR1, &action, nullptr), 0);
  int pipe_fds[2];
  ASSERT_EQ(pipe2(pipe_fds, O_CLOEXEC), 0);
  const UniqueFd in(pipe_fds[0]);
  UniqueFd out(pipe_fds[1]);

  const std::string text = LargeText();
  const pthread_t reader = pthread_self();
  std::thread writer([&] {
    for (size_t i = 0; i < text.size(); i += text.size() / 16) {
      pthread_kill(reader, SIGUSR1);
      EXPECT_THAT(WriteAll(out.get(), text.substr(i, text.size() / 16), "pipe"),
                  IsOk());
    }
    out.Close();
  });
  EXPECT_THAT(ReadAll(in.get(), "pipe"), IsOkAndHolds(text));
  writer.join();
}

TEST_F(FdIoTest, ReadsFromThePositionToTheEnd) {
  ASSERT_THAT(WriteFileAtomically(path_, "content"), IsOk());
  const UniqueFd fd = Create();
  ASSERT_EQ(lseek(fd.get(), 3, SEEK_SET), 3);
  EXPECT_THAT(ReadAll(fd.get(), "x"), IsOkAndHolds("tent"));
  EXPECT_THAT(ReadAll(fd.get(), "x"), IsOkAndHolds(""));
}

TEST_F(FdIoTest, ReadPiecesStopsAtAnErrorOfTheSink) {
  ASSERT_THAT(WriteFileAtomically(path_, LargeText() + LargeText()), IsOk());
  const UniqueFd fd = Create();
  int calls = 0;
  EXPECT_THAT(ReadPieces(fd.get(), "x",
                         [&](absl::string_view piece) {
                           EXPECT_EQ(piece.size(), 1 << 20);
                           ++calls;
                           return absl::AbortedError("enough");
                         }),
              StatusIs(absl::StatusCode::kAborted, "enough"));
  EXPECT_EQ(calls, 1);
}

TEST_F(FdIoTest, ReadAllAtFillsTheBufferOrReturnsDataLoss) {
  ASSERT_THAT(WriteFileAtomically(path_, "0123456789"), IsOk());
  const UniqueFd fd = Create();
  std::string buffer(4, '\0');
  EXPECT_THAT(ReadAllAt(fd.get(), 6, &buffer[0], 4, "x"), IsOk());
  EXPECT_EQ(buffer, "6789");
  EXPECT_THAT(ReadAllAt(fd.get(), 7, &buffer[0], 4, "x"),
              StatusIs(absl::StatusCode::kDataLoss,
                       "x: truncated: ends before byte 10"));
}

TEST_F(FdIoTest, ErrorsHaveTheSystemsCodeAndTheName) {
  const UniqueFd full(open("/dev/full", O_WRONLY | O_CLOEXEC));
  EXPECT_THAT(WriteAll(full.get(), "x", "full"),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       "full: No space left on device"));
  EXPECT_THAT(WriteAllAt(full.get(), 0, "x", "full"),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       "full: No space left on device"));
  const UniqueFd directory(
      open(directory_.path().c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_THAT(
      ReadAll(directory.get(), "dir"),
      StatusIs(absl::StatusCode::kFailedPrecondition, "dir: Is a directory"));
  char byte;
  EXPECT_THAT(ReadAllAt(directory.get(), 7, &byte, 1, "dir"),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "dir: at byte 7: Is a directory"));
}

}  // namespace
}  // namespace gantry
