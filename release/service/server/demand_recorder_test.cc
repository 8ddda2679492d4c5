#include "release/service/server/demand_recorder.h"

#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/release_service.pb.h"
#include "release/service/store/cell_store.h"
#include "release/service/store/mutations.h"
#include "release/service/store/test_store.h"
#include "tests/fixtures/test_cells.h"

namespace gantry::service {
namespace {

using ::gantry::fixtures::TestId;

class DemandRecorderTest : public testing::Test {
 protected:
  void SetUp() override {
    GANTRY_ASSERT_OK_AND_ASSIGN(store_, CellStore::Open(database_.path()));
    release::v1::PlanCellsRequest request;
    for (int number : {1, 2}) *request.add_plans() = fixtures::TestPlan(number);
    ASSERT_THAT(Apply(*store_, PlanCells, request), IsOk());
  }

  int64_t DemandFor(int number) {
    const auto cell = store_->Get(TestId(number));
    EXPECT_THAT(cell, IsOk());
    return cell->demand();
  }

  const TestDatabase database_;
  std::unique_ptr<CellStore> store_;
};

TEST_F(DemandRecorderTest, CountsOfAllThreadsAreWrittenAtTheEnd) {
  {
    DemandRecorder recorder(*store_, absl::Hours(1));
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int j = 0; j < 100; ++j) recorder.Count(TestId(1));
        recorder.Count(TestId(2));
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(DemandFor(1), 0);
  }
  EXPECT_EQ(DemandFor(1), 400);
  EXPECT_EQ(DemandFor(2), 4);
}

TEST_F(DemandRecorderTest, CountsAreWrittenAfterTheInterval) {
  DemandRecorder recorder(*store_, absl::Milliseconds(1));
  for (int demand : {1, 2}) {
    recorder.Count(TestId(1));
    const absl::Time give_up = absl::Now() + absl::Seconds(60);
    while (DemandFor(1) < demand && absl::Now() < give_up) {
      absl::SleepFor(absl::Milliseconds(1));
    }
    EXPECT_EQ(DemandFor(1), demand);
  }
}

TEST_F(DemandRecorderTest, NumberOfCellsIsBounded) {
  {
    DemandRecorder recorder(*store_, absl::Hours(1));
    for (int number = 10; number < 2000; ++number) {
      recorder.Count(TestId(number));
    }
    recorder.Count(TestId(1));
  }
  EXPECT_EQ(DemandFor(1), 0);
}

}  // namespace
}  // namespace gantry::service
