#include "release/plan/current_lock.h"

#include <filesystem>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/status_matchers.h"
#include "base/textproto.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/lock.pb.h"
#include "release/plan/discover_fixture.h"
#include "release/plan/lock_format.h"

namespace gantry::plan {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

class CurrentLockTest : public DiscoverTest {
 protected:
  absl::StatusOr<CurrentLock> Find() {
    return FindOrDiscoverLock(Options(), *state_);
  }
};

TEST_F(CurrentLockTest, MissingLockIsDiscoveredAndWritten) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const CurrentLock current, Find());
  EXPECT_EQ(current.lock.releases_size(), 4);
  EXPECT_EQ(fs::canonical(state_->lock_path()), current.path);
  GANTRY_ASSERT_OK_AND_ASSIGN(const matrix::v1::Lock written,
                              ReadLock(current.path));
  EXPECT_EQ(FormatTextProto(written), FormatTextProto(current.lock));
}

TEST_F(CurrentLockTest, CompleteLockIsKeptWithoutTheNetwork) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const CurrentLock first, Find());
  site_.reset();
  GANTRY_ASSERT_OK_AND_ASSIGN(const CurrentLock second, Find());
  EXPECT_EQ(second.path, first.path);
  EXPECT_EQ(FormatTextProto(second.lock), FormatTextProto(first.lock));
}

TEST_F(CurrentLockTest, LockOfAnotherMatrixIsReplaced) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const CurrentLock first, Find());
  ReplaceInMatrix("newest: 2", "newest: 1");
  GANTRY_ASSERT_OK_AND_ASSIGN(const CurrentLock second, Find());
  EXPECT_EQ(second.lock.releases_size(), 3);
}

TEST_F(CurrentLockTest, IncompleteLockIsCompletedByTheNextRun) {
  fs::rename(site_->PathOf("beta"), site_->PathOf("away"));
  GANTRY_ASSERT_OK_AND_ASSIGN(const CurrentLock first, Find());
  EXPECT_EQ(first.lock.releases_size(), 2);
  EXPECT_THAT(first.lock.failed_channels(), SizeIs(1));
  EXPECT_THAT(channel_errors_, SizeIs(1));

  GANTRY_ASSERT_OK_AND_ASSIGN(const CurrentLock second, Find());
  EXPECT_EQ(second.path, first.path);
  EXPECT_THAT(channel_errors_,
              ElementsAre(StartsWith("channel beta of FAMILY_FLATCAR: "),
                          StartsWith("channel beta of FAMILY_FLATCAR: ")));

  fs::rename(site_->PathOf("away"), site_->PathOf("beta"));
  GANTRY_ASSERT_OK_AND_ASSIGN(const CurrentLock third, Find());
  EXPECT_EQ(third.lock.releases_size(), 4);
  EXPECT_THAT(third.lock.failed_channels(), IsEmpty());
  EXPECT_EQ(fs::canonical(state_->lock_path()), third.path);
}

TEST_F(CurrentLockTest, NoLockIsWrittenIfAllChannelsFail) {
  for (const char* channel : {"stable", "beta", "alpha"}) {
    fs::remove_all(site_->PathOf(channel));
  }
  EXPECT_THAT(Find(), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_FALSE(fs::exists(state_->lock_path()));
}

}  // namespace
}  // namespace gantry::plan
