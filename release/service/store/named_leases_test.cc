#include "release/service/store/named_leases.h"

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/proto_time.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/release_service.pb.h"
#include "release/service/rpc_status/error_details.h"
#include "release/service/store/cell_store.h"
#include "release/service/store/test_store.h"

namespace gantry::service {
namespace {

using ::gantry::release::v1::NamedLease;
using ::testing::IsEmpty;

class NamedLeasesTest : public testing::Test {
 protected:
  void SetUp() override {
    CellStoreOptions options;
    options.clock = [this] { return now_; };
    GANTRY_ASSERT_OK_AND_ASSIGN(store_,
                                CellStore::Open(database_.path(), options));
  }

  absl::StatusOr<NamedLease> Acquire(const std::string& name,
                                     const std::string& worker) {
    release::v1::AcquireLeaseRequest request;
    request.set_name(name);
    request.set_worker(worker);
    *request.mutable_lease_duration() = ToProtoDuration(absl::Minutes(5));
    return Apply(*store_, AcquireLease, request);
  }

  void Release(const std::string& name, const std::string& worker) {
    release::v1::ReleaseNamedLeaseRequest request;
    request.set_name(name);
    request.set_worker(worker);
    ASSERT_THAT(Apply(*store_, ReleaseNamedLease, request), IsOk());
  }

  const TestDatabase database_;
  // Changes only while no write runs.
  absl::Time now_ = absl::FromUnixSeconds(1'700'000'000);
  std::unique_ptr<CellStore> store_;
};

TEST_F(NamedLeasesTest, HeldLeaseExcludesOthersUntilItExpires) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const NamedLease lease, Acquire("registry", "a"));
  EXPECT_EQ(lease.name(), "registry");
  EXPECT_EQ(lease.worker(), "a");
  EXPECT_EQ(ToTime(lease.expire_time()), now_ + absl::Minutes(5));

  now_ += absl::Minutes(1);
  const auto refused = Acquire("registry", "b");
  EXPECT_THAT(refused,
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "registry is leased to a until 2023-11-14T22:18:20Z"));
  EXPECT_EQ(GetDetail<google::rpc::ErrorInfo>(refused.status())->reason(),
            "LEASE_HELD");
  EXPECT_EQ(
      ToDuration(
          GetDetail<google::rpc::RetryInfo>(refused.status())->retry_delay()),
      absl::Minutes(4));
  EXPECT_THAT(Acquire("other", "b"), IsOk());

  now_ += absl::Minutes(4);
  EXPECT_THAT(Acquire("registry", "b"), IsOk());
  EXPECT_THAT(Acquire("registry", "a"),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(NamedLeasesTest, HolderProlongsItsLease) {
  ASSERT_THAT(Acquire("registry", "a"), IsOk());
  now_ += absl::Minutes(4);
  ASSERT_THAT(Acquire("registry", "a"), IsOk());
  now_ += absl::Minutes(4);
  EXPECT_THAT(Acquire("registry", "b"),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(NamedLeasesTest, OnlyItsHolderGivesALeaseBack) {
  ASSERT_THAT(Acquire("registry", "a"), IsOk());
  Release("registry", "b");
  Release("unknown", "a");
  EXPECT_THAT(Acquire("registry", "b"),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  Release("registry", "a");
  EXPECT_THAT(Acquire("registry", "b"), IsOk());
}

TEST_F(NamedLeasesTest, LeasesMakeNoEvents) {
  ASSERT_THAT(Acquire("registry", "a"), IsOk());
  Release("registry", "a");
  EXPECT_THAT(store_->ListEvents(0, 10, 1 << 20), IsOkAndHolds(IsEmpty()));
}

}  // namespace
}  // namespace gantry::service
