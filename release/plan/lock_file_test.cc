#include "release/plan/lock_file.h"

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/state_dir.h"
#include "base/status_matchers.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/lock.pb.h"
#include "release/plan/lock_format.h"

namespace gantry::plan {
namespace {

namespace fs = std::filesystem;
using ::gantry::matrix::v1::Lock;
using ::testing::Not;

class LockFileTest : public testing::Test {
 protected:
  void SetUp() override {
    GANTRY_ASSERT_OK_AND_ASSIGN(TempDir directory, TempDir::Create());
    directory_ = std::make_unique<TempDir>(std::move(directory));
    GANTRY_ASSERT_OK_AND_ASSIGN(StateDir state,
                                StateDir::Open(directory_->path()));
    state_ = std::make_unique<StateDir>(std::move(state));
  }

  static Lock MakeLock(const std::string& driver_version) {
    Lock lock;
    lock.add_drivers()->set_version(driver_version);
    return lock;
  }

  std::string CurrentDriver() {
    const absl::StatusOr<Lock> lock = ReadLock(state_->lock_path());
    return lock.ok() ? lock->drivers(0).version() : lock.status().ToString();
  }

  std::unique_ptr<TempDir> directory_;
  std::unique_ptr<StateDir> state_;
};

TEST_F(LockFileTest, NewLockReplacesTheOldOneInAnotherFile) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::string first,
                              WriteLock(MakeLock("535"), *state_));
  EXPECT_EQ(CurrentDriver(), "535");
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::string second,
                              WriteLock(MakeLock("550"), *state_));
  EXPECT_EQ(CurrentDriver(), "550");
  EXPECT_NE(first, second);
  EXPECT_EQ(fs::canonical(state_->lock_path()), fs::canonical(second));
  EXPECT_THAT(ReadFile(state_->bazelrc_path()),
              IsOkAndHolds(absl::StrCat(
                  "common --repo_env=GANTRY_LOCK=", second, "\n")));
}

TEST_F(LockFileTest, FailureLeavesTheOldLock) {
  ASSERT_THAT(WriteLock(MakeLock("535"), *state_), IsOk());
  // The file with Bazel's options cannot be replaced.
  fs::remove(state_->bazelrc_path());
  fs::create_directories(state_->bazelrc_path() + "/x");
  EXPECT_THAT(WriteLock(MakeLock("550"), *state_), Not(IsOk()));
  EXPECT_EQ(CurrentDriver(), "535");
}

}  // namespace
}  // namespace gantry::plan
