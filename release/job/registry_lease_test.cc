#include "release/job/registry_lease.h"

#include <atomic>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/proto_time.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/release_service.pb.h"
#include "release/publish/publisher.h"
#include "release/service/client/release_client.h"
#include "release/service/server/release_server.h"
#include "release/service/store/test_store.h"

namespace gantry::job {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsNull;

constexpr absl::Duration kLease = absl::Seconds(1);

class RegistryLeaseTest : public testing::Test {
 protected:
  void SetUp() override {
    service::ReleaseServerOptions options;
    options.listen_address = "127.0.0.1:0";
    options.database_path = database_.path();
    options.clock = [this] { return absl::Now() + absl::Hours(hours_.load()); };
    GANTRY_ASSERT_OK_AND_ASSIGN(server_,
                                service::ReleaseServer::Start(options));
    GANTRY_ASSERT_OK_AND_ASSIGN(
        client_, service::ReleaseClient::Connect(
                     absl::StrCat("127.0.0.1:", server_->port())));
    registry_.registry_repository = "registry.example/gantry";
  }

  // "another" takes the lease of the registry.
  absl::Status TakenByAnother() {
    release::v1::AcquireLeaseRequest request;
    request.set_name("registry:registry.example/gantry");
    request.set_worker("another");
    *request.mutable_lease_duration() = ToProtoDuration(absl::Hours(1));
    return client_->AcquireLease(request).status();
  }

  const service::TestDatabase database_;
  // What the service's clock is ahead.
  std::atomic<int> hours_{0};
  std::unique_ptr<service::ReleaseServer> server_;
  std::unique_ptr<service::ReleaseClient> client_;
  publish::Destination registry_;
};

TEST_F(RegistryLeaseTest, LayoutNeedsNone) {
  publish::Destination layout;
  layout.layout_directory = "/nonexistent";
  EXPECT_THAT(RegistryLease::Acquire(*client_, layout), IsOkAndHolds(IsNull()));
}

TEST_F(RegistryLeaseTest, HasOneHolder) {
  ASSERT_THAT(TakenByAnother(), IsOk());
  EXPECT_THAT(RegistryLease::Acquire(*client_, registry_),
              StatusIs(absl::StatusCode::kAborted,
                       AllOf(HasSubstr("registry.example/gantry: another "
                                       "process changes this registry"),
                             HasSubstr("another until 20"))));
  publish::Destination other;
  other.registry_repository = "registry.example/replica";
  EXPECT_THAT(RegistryLease::Acquire(*client_, other), IsOk());
}

TEST_F(RegistryLeaseTest, IsGivenBack) {
  {
    GANTRY_ASSERT_OK_AND_ASSIGN(const auto lease,
                                RegistryLease::Acquire(*client_, registry_));
    EXPECT_THAT(lease->Check(), IsOk());
    EXPECT_THAT(RegistryLease::Acquire(*client_, registry_),
                StatusIs(absl::StatusCode::kAborted));
  }
  EXPECT_THAT(RegistryLease::Acquire(*client_, registry_), IsOk());
}

TEST_F(RegistryLeaseTest, OutlivesItsDuration) {
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const auto lease, RegistryLease::Acquire(*client_, registry_, kLease));
  absl::SleepFor(2 * kLease);
  EXPECT_THAT(lease->Check(), IsOk());
  EXPECT_THAT(TakenByAnother(),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(RegistryLeaseTest, LossIsNoticed) {
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const auto lease, RegistryLease::Acquire(*client_, registry_, kLease));
  absl::Status taken;
  do {
    hours_ += 24;
    taken = TakenByAnother();
  } while (absl::IsFailedPrecondition(taken));
  ASSERT_THAT(taken, IsOk());
  const absl::Time give_up = absl::Now() + absl::Seconds(30);
  while (lease->Check().ok() && absl::Now() < give_up) {
    absl::SleepFor(absl::Milliseconds(20));
  }
  EXPECT_THAT(lease->Check(),
              StatusIs(absl::StatusCode::kAborted,
                       HasSubstr("the lease registry:registry.example/gantry "
                                 "was lost: ")));
}

TEST_F(RegistryLeaseTest, ExpiresWhenTheServiceIsGone) {
  client_->set_retry_timeout(absl::ZeroDuration());
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const auto lease, RegistryLease::Acquire(*client_, registry_, kLease));
  server_.reset();
  absl::SleepFor(kLease);
  EXPECT_THAT(lease->Check(), StatusIs(absl::StatusCode::kAborted,
                                       HasSubstr("expired before it could")));
}

}  // namespace
}  // namespace gantry::job
