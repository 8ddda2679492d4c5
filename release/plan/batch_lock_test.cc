#include "release/plan/batch_lock.h"

#include <string>

#include "absl/status/status.h"
#include "base/cell_name.h"
#include "base/file.h"
#include "base/state_dir.h"
#include "base/status_matchers.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/coordinates.pb.h"
#include "release/plan/lock_format.h"

namespace gantry::plan {
namespace {

using ::gantry::matrix::v1::Lock;
using ::testing::SizeIs;

// Two releases x drivers 1 (open and proprietary) and 2 x two toolkits.
Lock MakeLock() {
  Lock lock;
  lock.set_matrix_digest("sha256:0");
  for (const char* toolkit : {"11.8", "12.4"}) {
    lock.add_cuda_toolkits()->set_version(toolkit);
  }
  for (const auto flavour :
       {cell::v1::DRIVER_FLAVOUR_OPEN, cell::v1::DRIVER_FLAVOUR_PROPRIETARY}) {
    auto& driver = *lock.add_drivers();
    driver.set_version("1");
    driver.set_flavour(flavour);
  }
  for (const char* name : {"flatcar-1", "flatcar-2"}) {
    lock.add_releases()->set_name(name);
    for (const auto& driver : lock.drivers()) {
      for (const auto& toolkit : lock.cuda_toolkits()) {
        auto& cell = *lock.add_cells();
        auto& coordinates = *cell.mutable_coordinates();
        coordinates.set_os_release(name);
        coordinates.set_architecture("amd64");
        coordinates.set_product("nvidia");
        coordinates.set_version(driver.version());
        coordinates.set_flavour(driver.flavour());
        coordinates.set_cuda_version(toolkit.version());
        cell.set_id(CellId(coordinates));
      }
    }
  }
  return lock;
}

TEST(BatchLockTest, HasWhatItsCellsNeed) {
  const Lock lock = MakeLock();
  const Lock batch = BatchLock(
      lock, {"flatcar-2_amd64_nvidia_1_proprietary_cuda12.4", "unknown"});
  ASSERT_THAT(batch.cells(), SizeIs(1));
  ASSERT_THAT(batch.releases(), SizeIs(1));
  EXPECT_EQ(batch.releases(0).name(), "flatcar-2");
  ASSERT_THAT(batch.drivers(), SizeIs(1));
  EXPECT_EQ(batch.drivers(0).flavour(), cell::v1::DRIVER_FLAVOUR_PROPRIETARY);
  ASSERT_THAT(batch.cuda_toolkits(), SizeIs(1));
  EXPECT_EQ(batch.cuda_toolkits(0).version(), "12.4");
  EXPECT_EQ(batch.matrix_digest(), lock.matrix_digest());
}

TEST(BatchLockTest, FileIsNamedByItsContentAndReplacesOthers) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const TempDir directory,
                              TempDir::Create(testing::TempDir()));
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const StateDir state,
      StateDir::Open(JoinPath(directory.path(), "state")));
  const Lock lock = MakeLock();
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::string first,
                              WriteBatchLock(lock, state));
  EXPECT_THAT(WriteBatchLock(lock, state), IsOkAndHolds(first));
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock read, ReadLock(first));
  EXPECT_EQ(read.SerializeAsString(), lock.SerializeAsString());
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::string second,
                              WriteBatchLock(BatchLock(lock, {}), state));
  EXPECT_NE(second, first);
  EXPECT_THAT(ReadFile(first), StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace gantry::plan
