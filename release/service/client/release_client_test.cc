#include "release/service/client/release_client.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/status_matchers.h"
#include "base/unique_fd.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "release/service/server/release_server.h"
#include "release/service/store/test_store.h"
#include "tests/fixtures/test_cells.h"

namespace gantry::service {
namespace {

using ::gantry::fixtures::TestId;
using ::gantry::fixtures::TestPlan;
using ::gantry::release::v1::Cell;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

TEST(ReleaseClientTest, AddressWithoutPortIsRefused) {
  EXPECT_THAT(ReleaseClient::Connect("localhost"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "\"localhost\" is not of the form HOST:PORT"));
}

TEST(ReleaseClientTest, RefusedConnectionFailsAtOnce) {
  const absl::Time start = absl::Now();
  // Nothing listens on port 1.
  EXPECT_THAT(
      ReleaseClient::Connect("127.0.0.1:1", absl::Minutes(1)),
      StatusIs(absl::StatusCode::kUnavailable,
               "no release service at 127.0.0.1:1: connection refused or no "
               "such host; check --service, or start a service there with "
               "//release:server"));
  EXPECT_LT(absl::Now() - start, absl::Seconds(30));
}

// Accepts connections, but never responds.
class SilentListener {
 public:
  SilentListener() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* any = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(fd_.get(), any, size), 0);
    EXPECT_EQ(listen(fd_.get(), 1), 0);
    EXPECT_EQ(getsockname(fd_.get(), any, &size), 0);
    port_ = ntohs(address.sin_port);
  }

  int port() const { return port_; }

 private:
  const UniqueFd fd_;
  int port_ = 0;
};

TEST(ReleaseClientTest, ConnectGivesUpAfterTheTimeout) {
  const SilentListener listener;
  const std::string address = absl::StrCat("127.0.0.1:", listener.port());
  EXPECT_THAT(
      ReleaseClient::Connect(address, absl::Milliseconds(300)),
      StatusIs(absl::StatusCode::kUnavailable,
               absl::StrCat("no release service at ", address,
                            ": no response within 300ms; check --service, or "
                            "start a service there with //release:server")));
}

class ConnectedClientTest : public testing::Test {
 protected:
  void SetUp() override {
    ReleaseServerOptions options;
    options.listen_address = "127.0.0.1:0";
    options.database_path = database_.path();
    GANTRY_ASSERT_OK_AND_ASSIGN(server_, ReleaseServer::Start(options));
    address_ = absl::StrCat("127.0.0.1:", server_->port());
    GANTRY_ASSERT_OK_AND_ASSIGN(client_, ReleaseClient::Connect(address_));
  }

  // Plans of different cells.
  static std::vector<release::v1::CellPlan> MakePlans(int count) {
    std::vector<release::v1::CellPlan> plans;
    for (int i = 0; i < count; ++i) plans.push_back(TestPlan(i));
    return plans;
  }

  const TestDatabase database_;
  std::unique_ptr<ReleaseServer> server_;
  std::string address_;
  std::unique_ptr<ReleaseClient> client_;
};

TEST_F(ConnectedClientTest, PlansAndListsMoreCellsThanOneCallMay) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<Cell> planned,
                              client_->PlanCells(MakePlans(12'345)));
  ASSERT_THAT(planned, SizeIs(12'345));
  EXPECT_EQ(planned.back().id(), TestId(12'344));
  EXPECT_THAT(client_->ListCells({}), IsOkAndHolds(SizeIs(12'345)));
}

TEST_F(ConnectedClientTest, PlansNoCells) {
  EXPECT_THAT(client_->PlanCells({}), IsOkAndHolds(IsEmpty()));
}

TEST_F(ConnectedClientTest, ClaimsMoreCellsThanOneCallMay) {
  ASSERT_THAT(client_->PlanCells(MakePlans(2'345)), IsOk());
  release::v1::ClaimCellsRequest request;
  request.set_worker("worker");
  for (int i = 0; i < 2'345; ++i) request.add_ids(TestId(i));
  EXPECT_THAT(client_->ClaimCells(request), IsOkAndHolds(SizeIs(2'345)));
}

TEST_F(ConnectedClientTest, StoppedServiceIsUnavailable) {
  server_.reset();
  EXPECT_THAT(client_->GetCell("any"),
              StatusIs(absl::StatusCode::kUnavailable,
                       StartsWith("release service at " + address_ + ": ")));
}

}  // namespace
}  // namespace gantry::service
