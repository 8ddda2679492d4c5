#include "release/plan/batch_lock.h"

#include <string>

#include "absl/status/status.h"
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

using ::gantry::matrix::v1::Lock;

TEST(BatchLockTest, FileIsNamedByItsContentAndReplacesOthers) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const TempDir directory,
                              TempDir::Create(testing::TempDir()));
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const StateDir state,
      StateDir::Open(JoinPath(directory.path(), "state")));
  Lock lock;
  lock.add_releases()->set_name("flatcar-1");
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::string first,
                              WriteBatchLock(lock, state));
  EXPECT_THAT(WriteBatchLock(lock, state), IsOkAndHolds(first));
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock read, ReadLock(first));
  EXPECT_EQ(read.SerializeAsString(), lock.SerializeAsString());
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::string second,
                              WriteBatchLock(Lock(), state));
  EXPECT_NE(second, first);
  EXPECT_THAT(ReadFile(first), StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace gantry::plan
