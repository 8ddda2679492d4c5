// Kills a process that publishes payloads, and checks that all those that it
// acknowledged are stored.

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "base/status_matchers.h"
#include "base/unique_fd.h"
#include "gtest/gtest.h"
#include "proto/cell.pb.h"
#include "release/service/store/cell_store.h"
#include "release/service/store/mutations.h"
#include "release/service/store/test_store.h"
#include "tests/fixtures/test_cells.h"

namespace gantry::service {
namespace {

using ::gantry::fixtures::TestId;
using ::gantry::fixtures::TestRevision;

constexpr int kThreads = 4;

// Publishes cells, starting with number `first`, from several threads.  Writes
// the number of each acknowledged cell to `acknowledgements`.  Never returns.
[[noreturn]] void PublishUntilKilled(const std::string& path, int32_t first,
                                     int acknowledgements) {
  auto store = CellStore::Open(path);
  if (!store.ok()) _exit(1);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int32_t number = first + thread;; number += kThreads) {
        if (!Apply(**store, RecordRevision, TestRevision(number)).ok() ||
            write(acknowledgements, &number, sizeof(number)) !=
                sizeof(number)) {
          _exit(1);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  _exit(1);
}

// Reads the next acknowledged number.  False at the end.
bool ReadNumber(const UniqueFd& fd, int32_t& number) {
  return read(fd.get(), &number, sizeof(number)) ==
         static_cast<ssize_t>(sizeof(number));
}

// Publishes in another process, and kills that after `kill_after`
// acknowledgements.  Appends all numbers that it acknowledged.
void PublishAndKill(const std::string& path, int32_t first, int kill_after,
                    std::vector<int32_t>& acknowledged) {
  int fds[2];
  ASSERT_EQ(pipe(fds), 0);
  const UniqueFd reading(fds[0]);
  UniqueFd writing(fds[1]);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) PublishUntilKilled(path, first, writing.get());
  writing.Close();
  int32_t number = 0;
  for (int count = 0; count < kill_after; ++count) {
    ASSERT_TRUE(ReadNumber(reading, number));
    acknowledged.push_back(number);
  }
  ASSERT_EQ(kill(child, SIGKILL), 0);
  while (ReadNumber(reading, number)) acknowledged.push_back(number);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status));
}

TEST(CellStoreCrashTest, AcknowledgedPayloadsSurviveSigkill) {
  const TestDatabase database;
  std::vector<int32_t> acknowledged;
  for (int round = 0; round < 8; ++round) {
    ASSERT_NO_FATAL_FAILURE(PublishAndKill(database.path(), 1'000'000 * round,
                                           5 + 7 * round, acknowledged));
  }
  GANTRY_ASSERT_OK_AND_ASSIGN(const auto store,
                              CellStore::Open(database.path()));
  for (int32_t number : acknowledged) {
    GANTRY_ASSERT_OK_AND_ASSIGN(const release::v1::Cell cell,
                                store->Get(TestId(number)));
    EXPECT_EQ(cell.state(), release::v1::CELL_STATE_BUILT);
    EXPECT_EQ(cell.payload().digest(), TestRevision(number).payload().digest());
  }
}

}  // namespace
}  // namespace gantry::service
