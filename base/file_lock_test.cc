#include "base/file_lock.h"

#include <fcntl.h>

#include <atomic>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/types/optional.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry {
namespace {

class FileLockTest : public testing::Test {
 protected:
  const TempDir directory_ = *TempDir::Create();
  const std::string path_ = JoinPath(directory_.path(), "lock");
};

TEST_F(FileLockTest, ExcludesOthersUntilDestroyed) {
  {
    GANTRY_ASSERT_OK_AND_ASSIGN(const FileLock lock,
                                FileLock::TryAcquire(path_));
    EXPECT_THAT(FileLock::TryAcquire(path_),
                StatusIs(absl::StatusCode::kFailedPrecondition,
                         path_ + ": locked by another process"));
  }
  EXPECT_THAT(FileLock::TryAcquire(path_), IsOk());
}

TEST_F(FileLockTest, LocksAnOpenFile) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const FileLock lock, FileLock::TryAcquire(path_));
  EXPECT_THAT(FileLock::TryAcquire(
                  UniqueFd(open(path_.c_str(), O_RDONLY | O_CLOEXEC)), "it"),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "it: locked by another process"));
}

TEST_F(FileLockTest, MovingKeepsTheLock) {
  GANTRY_ASSERT_OK_AND_ASSIGN(FileLock lock, FileLock::TryAcquire(path_));
  const FileLock moved = std::move(lock);
  EXPECT_THAT(FileLock::TryAcquire(path_),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(FileLockTest, KeepsTheFilesContent) {
  ASSERT_THAT(WriteFileAtomically(path_, "content"), IsOk());
  EXPECT_THAT(FileLock::TryAcquire(path_), IsOk());
  EXPECT_THAT(ReadFile(path_), IsOkAndHolds("content"));
}

TEST_F(FileLockTest, DirectoryLockWaitsForItsHolder) {
  absl::optional<FileLock> lock;
  {
    GANTRY_ASSERT_OK_AND_ASSIGN(lock,
                                FileLock::AcquireDirectory(directory_.path()));
  }
  std::atomic<bool> released = false;
  std::thread waiting([&] {
    EXPECT_THAT(FileLock::AcquireDirectory(directory_.path()), IsOk());
    EXPECT_TRUE(released);
  });
  released = true;
  lock.reset();
  waiting.join();
}

TEST_F(FileLockTest, SharedDirectoryLockExcludesOnlyExclusiveOnes) {
  absl::optional<FileLock> lock;
  {
    GANTRY_ASSERT_OK_AND_ASSIGN(lock,
                                FileLock::ShareDirectory(directory_.path()));
  }
  EXPECT_THAT(FileLock::ShareDirectory(directory_.path()), IsOk());
  std::atomic<bool> released = false;
  std::thread waiting([&] {
    EXPECT_THAT(FileLock::AcquireDirectory(directory_.path()), IsOk());
    EXPECT_TRUE(released);
  });
  released = true;
  lock.reset();
  waiting.join();
}

TEST_F(FileLockTest, ErrorsNameThePath) {
  const std::string path = JoinPath(directory_.path(), "missing/lock");
  EXPECT_THAT(FileLock::TryAcquire(path),
              StatusIs(absl::StatusCode::kNotFound,
                       path + ": No such file or directory"));
  EXPECT_THAT(FileLock::AcquireDirectory(path),
              StatusIs(absl::StatusCode::kNotFound,
                       path + ": No such file or directory"));
}

}  // namespace
}  // namespace gantry
