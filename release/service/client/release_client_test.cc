#include "release/service/client/release_client.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/cell_name.h"
#include "base/status_matchers.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "release/service/server/release_server.h"

namespace gantry::service {
namespace {

using ::testing::SizeIs;
using ::testing::StartsWith;

TEST(ReleaseClientTest, AddressWithoutPortIsRefused) {
  EXPECT_EQ(
      ReleaseClient::Connect("localhost").status(),
      absl::InvalidArgumentError("\"localhost\" is not of the form HOST:PORT"));
}

TEST(ReleaseClientTest, ServiceThatIsNotThereIsNamedAtOnce) {
  const absl::Time begin = absl::Now();
  // Nothing listens on port 1.
  EXPECT_EQ(ReleaseClient::Connect("127.0.0.1:1").status(),
            absl::UnavailableError(
                "no release service at 127.0.0.1:1: connection refused or no "
                "such host; check --service, or start one there with "
                "//release:server"));
  EXPECT_LT(absl::Now() - begin, absl::Seconds(4));
}

// Takes connections, and never says a word.
class SilentListener {
 public:
  SilentListener() : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* any = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(fd_, any, size), 0);
    EXPECT_EQ(listen(fd_, 1), 0);
    EXPECT_EQ(getsockname(fd_, any, &size), 0);
    port_ = ntohs(address.sin_port);
  }
  ~SilentListener() { close(fd_); }

  int port() const { return port_; }

 private:
  const int fd_;
  int port_ = 0;
};

TEST(ReleaseClientTest, ServiceThatIsSilentIsGivenUp) {
  const SilentListener listener;
  const std::string address = absl::StrCat("127.0.0.1:", listener.port());
  EXPECT_EQ(
      ReleaseClient::Connect(address, absl::Milliseconds(300)).status(),
      absl::UnavailableError(absl::StrCat(
          "no release service at ", address,
          ": no answer within 300ms; check --service, or start one there with "
          "//release:server")));
}

class ConnectedClientTest : public testing::Test {
 protected:
  void SetUp() override {
    auto dir = TempDir::Create();
    ASSERT_TRUE(dir.ok()) << dir.status();
    dir_ = std::make_unique<TempDir>(*std::move(dir));
    ReleaseServerOptions options;
    options.listen_address = "127.0.0.1:0";
    options.database_path = dir_->path() + "/release.db";
    auto server = ReleaseServer::Start(options);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    address_ = absl::StrCat("127.0.0.1:", server_->port());
    auto client = ReleaseClient::Connect(address_);
    ASSERT_TRUE(client.ok()) << client.status();
    client_ = *std::move(client);
  }

  std::unique_ptr<TempDir> dir_;
  std::unique_ptr<ReleaseServer> server_;
  std::string address_;
  std::unique_ptr<ReleaseClient> client_;
};

TEST_F(ConnectedClientTest, PlansAndListsMoreThanOneCallHolds) {
  std::vector<release::v1::CellPlan> plans(12'345);
  for (size_t i = 0; i < plans.size(); ++i) {
    auto* coordinates = plans[i].mutable_coordinates();
    coordinates->set_os_release("flatcar-4230.2.0");
    coordinates->set_driver_version(absl::StrCat("535.", i));
    coordinates->set_cuda_version("12.4");
  }
  const auto planned = client_->PlanCells(plans);
  ASSERT_TRUE(planned.ok()) << planned.status();
  ASSERT_THAT(*planned, SizeIs(plans.size()));
  EXPECT_EQ(planned->back().coordinates().driver_version(), "535.12344");
  const auto listed = client_->ListCells({});
  ASSERT_TRUE(listed.ok()) << listed.status();
  EXPECT_THAT(*listed, SizeIs(plans.size()));
  EXPECT_THAT(*client_->PlanCells({}), SizeIs(0));
}

TEST_F(ConnectedClientTest, ClaimsMoreThanOneCallHolds) {
  std::vector<release::v1::CellPlan> plans(2'345);
  release::v1::ClaimCellsRequest request;
  request.set_worker("worker");
  for (size_t i = 0; i < plans.size(); ++i) {
    auto* coordinates = plans[i].mutable_coordinates();
    coordinates->set_os_release("flatcar-4230.2.0");
    coordinates->set_driver_version(absl::StrCat("535.", i));
    coordinates->set_cuda_version("12.4");
    request.add_id(CellId(*coordinates));
  }
  ASSERT_THAT(client_->PlanCells(plans), IsOk());
  EXPECT_THAT(client_->ClaimCells(request), IsOkAndHolds(SizeIs(2'345)));
}

TEST_F(ConnectedClientTest, ServiceThatGoesAwayIsNamed) {
  server_.reset();
  const absl::Status status = client_->GetCell("any").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()),
              StartsWith("release service at " + address_ + ": "));
}

}  // namespace
}  // namespace gantry::service
