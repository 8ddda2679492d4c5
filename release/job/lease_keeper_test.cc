#include "release/job/lease_keeper.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/proto_time.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/cell.pb.h"
#include "proto/release_service.pb.h"
#include "release/service/client/release_client.h"
#include "release/service/server/release_server.h"
#include "release/service/store/test_store.h"
#include "tests/fixtures/test_cells.h"

namespace gantry::job {
namespace {

using ::gantry::fixtures::TestId;
using ::gantry::fixtures::TestPlan;
using ::gantry::release::v1::Cell;
using ::testing::SizeIs;

constexpr absl::Duration kLease = absl::Seconds(1);

class LeaseKeeperTest : public testing::Test {
 protected:
  void SetUp() override {
    service::ReleaseServerOptions options;
    options.database_path = database_.path();
    GANTRY_ASSERT_OK_AND_ASSIGN(server_,
                                service::ReleaseServer::Start(options));
    client_ = std::make_unique<service::ReleaseClient>(
        server_->InProcessChannel(), "");
    ASSERT_THAT(client_->PlanCells({TestPlan(1)}), IsOk());
  }

  absl::StatusOr<std::vector<Cell>> Claim(const std::string& worker) {
    release::v1::ClaimCellsRequest request;
    request.set_worker(worker);
    *request.mutable_lease_duration() = ToProtoDuration(kLease);
    return client_->ClaimCells(request);
  }

  const service::TestDatabase database_;
  std::unique_ptr<service::ReleaseServer> server_;
  std::unique_ptr<service::ReleaseClient> client_;
};

TEST_F(LeaseKeeperTest, LeaseOutlivesItsDuration) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<Cell> claimed, Claim("a"));
  const LeaseKeeper keeper(*client_, claimed, kLease);
  absl::SleepFor(2 * kLease);
  EXPECT_THAT(Claim("b"), IsOkAndHolds(SizeIs(0)));
  EXPECT_FALSE(keeper.IsLost(TestId(1)));
}

TEST_F(LeaseKeeperTest, RemovedLeaseExpires) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<Cell> claimed, Claim("a"));
  LeaseKeeper keeper(*client_, claimed, kLease);
  keeper.Remove(TestId(1));
  absl::SleepFor(2 * kLease);
  EXPECT_THAT(Claim("b"), IsOkAndHolds(SizeIs(1)));
}

TEST_F(LeaseKeeperTest, LeaseOfAnotherWorkerIsLost) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<Cell> claimed, Claim("a"));
  absl::SleepFor(kLease);
  ASSERT_THAT(Claim("b"), IsOkAndHolds(SizeIs(1)));
  const LeaseKeeper keeper(*client_, claimed, kLease);
  const absl::Time give_up = absl::Now() + absl::Seconds(30);
  while (!keeper.IsLost(TestId(1)) && absl::Now() < give_up) {
    absl::SleepFor(absl::Milliseconds(20));
  }
  EXPECT_TRUE(keeper.IsLost(TestId(1)));
}

}  // namespace
}  // namespace gantry::job
