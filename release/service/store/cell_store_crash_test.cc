// A process that acknowledges writes is killed; what it acknowledged is there.

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "base/temp_dir.h"
#include "gtest/gtest.h"
#include "release/service/store/cell_store.h"
#include "release/service/store/mutations.h"
#include "release/service/store/store_test_cells.h"

namespace gantry::service {
namespace {

constexpr int kThreads = 4;

// Publishes cells from `first` on from several threads, and writes the number
// of each to `acknowledgements` once it is acknowledged; never returns.
[[noreturn]] void PublishUntilKilled(const std::string& path, int32_t first,
                                     int acknowledgements) {
  auto store = CellStore::Open(path);
  if (!store.ok()) _exit(1);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int32_t number = first + thread;; number += kThreads) {
        release::v1::Cell cell;
        const absl::Status status =
            (*store)->WriteAndWait([&](CellTable& table, absl::Time now) {
              return PublishPayload(table, TestPublication(number), now, cell);
            });
        if (!status.ok() || write(acknowledgements, &number, sizeof(number)) !=
                                sizeof(number)) {
          _exit(1);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  _exit(1);
}

TEST(CellStoreCrashTest, AcknowledgedPayloadsSurviveSigkill) {
  auto dir = TempDir::Create();
  ASSERT_TRUE(dir.ok()) << dir.status();
  const std::string path = dir->path() + "/release.db";
  std::vector<int32_t> acknowledged;
  // Each round is killed after another number of acknowledgements.
  for (int round = 0; round < 8; ++round) {
    int fds[2];
    ASSERT_EQ(pipe(fds), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      close(fds[0]);
      PublishUntilKilled(path, 1'000'000 * round, fds[1]);
    }
    close(fds[1]);
    int32_t number = 0;
    for (int count = 0; count < 5 + 7 * round; ++count) {
      ASSERT_EQ(read(fds[0], &number, sizeof(number)),
                static_cast<ssize_t>(sizeof(number)));
      acknowledged.push_back(number);
    }
    ASSERT_EQ(kill(child, SIGKILL), 0);
    while (read(fds[0], &number, sizeof(number)) ==
           static_cast<ssize_t>(sizeof(number))) {
      acknowledged.push_back(number);
    }
    close(fds[0]);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status));
  }
  auto store = CellStore::Open(path);
  ASSERT_TRUE(store.ok()) << store.status();
  for (int32_t number : acknowledged) {
    const auto cell = (*store)->Get(TestId(number));
    ASSERT_TRUE(cell.ok()) << cell.status();
    EXPECT_EQ(cell->state(), release::v1::CELL_STATE_BUILT);
    EXPECT_EQ(cell->payload().digest(),
              TestPublication(number).payload().digest());
  }
}

}  // namespace
}  // namespace gantry::service
