#include "release/plan/lock_file.h"

#include <filesystem>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/temp_dir.h"
#include "base/textproto.h"
#include "gtest/gtest.h"

namespace gantry::plan {
namespace {

namespace fs = std::filesystem;
using ::gantry::matrix::v1::Lock;

class LockFileTest : public testing::Test {
 protected:
  void SetUp() override {
    auto folder = TempDir::Create();
    ASSERT_TRUE(folder.ok()) << folder.status();
    folder_ = std::make_unique<TempDir>(*std::move(folder));
    auto state = StateDir::Open(folder_->path());
    ASSERT_TRUE(state.ok()) << state.status();
    state_ = std::make_unique<StateDir>(*std::move(state));
  }

  static Lock LockOf(const std::string& driver_version) {
    Lock lock;
    lock.add_drivers()->set_version(driver_version);
    return lock;
  }

  std::string CurrentDriver() {
    Lock lock;
    const absl::Status status = ReadTextProto(state_->lock_path(), lock);
    return status.ok() ? lock.drivers(0).version() : status.ToString();
  }

  std::unique_ptr<TempDir> folder_;
  std::unique_ptr<StateDir> state_;
};

TEST_F(LockFileTest, NewLockReplacesTheOldOneUnderAnotherName) {
  const auto first = WriteLock(LockOf("535"), *state_);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(CurrentDriver(), "535");
  const auto second = WriteLock(LockOf("550"), *state_);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(CurrentDriver(), "550");
  EXPECT_NE(*first, *second);
  EXPECT_EQ(fs::canonical(state_->lock_path()), fs::canonical(*second));
  EXPECT_EQ(*ReadFile(state_->bazelrc_path()),
            absl::StrCat("common --repo_env=GANTRY_LOCK=", *second, "\n"));
}

TEST_F(LockFileTest, SameLockHasTheSameName) {
  EXPECT_EQ(*WriteLock(LockOf("535"), *state_),
            *WriteLock(LockOf("535"), *state_));
  EXPECT_EQ(
      fs::path(*WriteLock(LockOf("535"), *state_)).filename().string().size(),
      16 + std::string(".textproto").size());
}

TEST_F(LockFileTest, FailureLeavesTheOldLockInForce) {
  ASSERT_TRUE(WriteLock(LockOf("535"), *state_).ok());
  // The file with Bazel's options cannot be replaced.
  fs::remove(state_->bazelrc_path());
  fs::create_directories(state_->bazelrc_path() + "/x");
  EXPECT_FALSE(WriteLock(LockOf("550"), *state_).ok());
  EXPECT_EQ(CurrentDriver(), "535");
}

}  // namespace
}  // namespace gantry::plan
