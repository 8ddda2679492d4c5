#include "release/plan/cells.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/status_matchers.h"
#include "base/textproto.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/lock.pb.h"
#include "proto/matrix.pb.h"

namespace gantry::plan {
namespace {

using ::gantry::matrix::v1::Lock;
using ::gantry::matrix::v1::LockedCell;
using ::gantry::matrix::v1::Matrix;
using ::testing::ElementsAre;

template <typename Message>
Message Parse(const std::string& text) {
  Message message;
  EXPECT_THAT(ParseTextProto(text, "test", message), IsOk());
  return message;
}

Lock TestLock() {
  return Parse<Lock>(R"(
    releases {
      name: "flatcar-4230.2.0"
      channels: "stable"
      expected_kernel_release: "6.6.95-flatcar"
    }
    releases { name: "debian-12-6.1.0-56-cloud-amd64" channels: "6.1-cloud" }
    drivers { version: "535.261.03" flavour: DRIVER_FLAVOUR_OPEN }
    drivers { version: "470.256.02" flavour: DRIVER_FLAVOUR_PROPRIETARY }
    cuda_toolkits { version: "12.4" }
    cuda_toolkits { version: "11.8" }
  )");
}

TEST(CellsTest, AddsEveryCombinationOrderedById) {
  Lock lock = TestLock();
  ASSERT_THAT(AddCells(Matrix(), lock), IsOk());
  std::vector<std::string> ids;
  for (const LockedCell& cell : lock.cells()) ids.push_back(cell.id());
  EXPECT_EQ(ids,
            (std::vector<std::string>{
                "debian-12-6.1.0-56-cloud-amd64_amd64_nvidia_470.256.02_"
                "proprietary_cuda11.8",
                "debian-12-6.1.0-56-cloud-amd64_amd64_nvidia_470.256.02_"
                "proprietary_cuda12.4",
                "debian-12-6.1.0-56-cloud-amd64_amd64_nvidia_535.261.03_open_"
                "cuda11.8",
                "debian-12-6.1.0-56-cloud-amd64_amd64_nvidia_535.261.03_open_"
                "cuda12.4",
                "flatcar-4230.2.0_amd64_nvidia_470.256.02_proprietary_cuda11.8",
                "flatcar-4230.2.0_amd64_nvidia_470.256.02_proprietary_cuda12.4",
                "flatcar-4230.2.0_amd64_nvidia_535.261.03_open_cuda11.8",
                "flatcar-4230.2.0_amd64_nvidia_535.261.03_open_cuda12.4"}));
  EXPECT_THAT(lock.cells(7).channels(), ElementsAre("stable"));
  // Unknown until the developer container is opened.
  EXPECT_EQ(lock.cells(7).coordinates().kernel_release(), "");
}

TEST(CellsTest, ToolkitThatNeedsANewerDriverIsExcluded) {
  Lock lock = TestLock();
  ASSERT_THAT(AddCells(Matrix(), lock), IsOk());
  EXPECT_EQ(lock.cells(0).exclusion_reason(), "");
  EXPECT_EQ(lock.cells(1).exclusion_reason(),
            "CUDA 12.4 needs driver 525 or newer");
  EXPECT_EQ(lock.cells(3).exclusion_reason(), "");
}

TEST(CellsTest, FirstMatchingExclusionGivesTheReason) {
  Lock lock = TestLock();
  const auto matrix = Parse<Matrix>(R"(
    exclusions { channel: "beta" reason: "other channel" }
    exclusions {
      channel: "stable" os_release: "flatcar-42" driver: "535" cuda: "12"
      reason: "all fields"
    }
    exclusions { cuda: "12.4" reason: "later" }
  )");
  ASSERT_THAT(AddCells(matrix, lock), IsOk());
  EXPECT_EQ(lock.cells(7).exclusion_reason(), "all fields");
  EXPECT_EQ(lock.cells(6).exclusion_reason(), "");
  EXPECT_EQ(lock.cells(1).exclusion_reason(), "later");
}

// A lock with one cell, whose release is in two channels.
Lock LockWithTwoChannels() {
  return Parse<Lock>(R"(
    releases { name: "coreos-2023.4.0" channels: "stable" channels: "beta" }
    drivers { version: "1.0" }
    cuda_toolkits { version: "12.4" }
  )");
}

TEST(CellsTest, ExclusionOfOneOfTwoChannelsDoesNotCount) {
  for (const char* channel : {"stable", "beta"}) {
    Lock lock = LockWithTwoChannels();
    Matrix matrix;
    matrix.add_exclusions()->set_channel(channel);
    matrix.mutable_exclusions(0)->set_reason("why");
    ASSERT_THAT(AddCells(matrix, lock), IsOk());
    EXPECT_EQ(lock.cells(0).exclusion_reason(), "") << channel;
  }
}

TEST(CellsTest, ExclusionsOfAllChannelsCount) {
  Lock lock = LockWithTwoChannels();
  const auto matrix = Parse<Matrix>(R"(
    exclusions { channel: "beta" reason: "unstable" }
    exclusions { cuda: "11" reason: "another toolkit" }
    exclusions { channel: "stable" reason: "old" }
  )");
  ASSERT_THAT(AddCells(matrix, lock), IsOk());
  EXPECT_EQ(lock.cells(0).exclusion_reason(), "unstable");
}

TEST(CellsTest, ExclusionWithoutAChannelCountsForAll) {
  Lock lock = LockWithTwoChannels();
  const auto matrix = Parse<Matrix>(R"(
    exclusions { channel: "beta" cuda: "11" reason: "another toolkit" }
    exclusions { os_release: "coreos-" reason: "no longer maintained" }
  )");
  ASSERT_THAT(AddCells(matrix, lock), IsOk());
  EXPECT_EQ(lock.cells(0).exclusion_reason(), "no longer maintained");
}

TEST(CellsTest, DuplicateIdIsInvalid) {
  Lock lock = TestLock();
  *lock.add_drivers() = lock.drivers(0);
  EXPECT_THAT(
      AddCells(Matrix(), lock),
      StatusIs(
          absl::StatusCode::kInvalidArgument,
          "duplicate cell "
          "\"flatcar-4230.2.0_amd64_nvidia_535.261.03_open_cuda12.4\": "
          "drivers or toolkits of the matrix resolve to the same version"));
}

TEST(CellsTest, OtherVendorsModulesHaveNoMinimumVersion) {
  auto lock = Parse<Lock>(R"(
    releases { name: "flatcar-4230.2.0" channels: "stable" }
    drivers { version: "1.0" }
    cuda_toolkits { version: "12.4" }
  )");
  ASSERT_THAT(AddCells(Matrix(), lock), IsOk());
  EXPECT_EQ(lock.cells(0).exclusion_reason(), "");
}

}  // namespace
}  // namespace gantry::plan
