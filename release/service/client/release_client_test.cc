#include "release/service/client/release_client.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/status_matchers.h"
#include "base/unique_fd.h"
#include "gmock/gmock.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"
#include "proto/channel_head.pb.h"
#include "proto/fragment.pb.h"
#include "proto/release_service.grpc.pb.h"
#include "proto/release_service.pb.h"
#include "proto/revision.pb.h"
#include "release/service/rpc_status/error_details.h"
#include "release/service/rpc_status/rpc_status.h"
#include "release/service/server/release_server.h"
#include "release/service/store/test_store.h"
#include "tests/fixtures/test_cells.h"
#include "tests/fixtures/test_channels.h"

namespace gantry::service {
namespace {

using ::gantry::fixtures::TestFragment;
using ::gantry::fixtures::TestId;
using ::gantry::fixtures::TestPlan;
using ::gantry::fixtures::TestRevision;
using ::gantry::release::v1::Cell;
using ::testing::AllOf;
using ::testing::Each;
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
      ReleaseClient::Connect("127.0.0.1:1", {}, absl::Minutes(1)),
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
      ReleaseClient::Connect(address, {}, absl::Milliseconds(300)),
      StatusIs(absl::StatusCode::kUnavailable,
               absl::StrCat("no release service at ", address,
                            ": no response within 300ms; check --service, or "
                            "start a service there with //release:server")));
}

// A service that answers each call with `answer`, and keeps request ids.
class ScriptedService : public release::v1::ReleaseService::Service {
 public:
  // The status of the n-th call, from 1.
  std::function<absl::Status(int)> answer;
  std::vector<std::string> request_ids;

  grpc::Status GetCell(grpc::ServerContext*, const release::v1::GetCellRequest*,
                       Cell*) override {
    return Answer("");
  }
  grpc::Status RetireCells(grpc::ServerContext*,
                           const release::v1::RetireCellsRequest* request,
                           release::v1::RetireCellsResponse*) override {
    return Answer(request->request_id());
  }
  grpc::Status RecordRevision(grpc::ServerContext*,
                              const release::v1::RecordRevisionRequest* request,
                              release::v1::RecordRevisionResponse*) override {
    return Answer(request->request_id());
  }
  grpc::Status ClaimCells(grpc::ServerContext*,
                          const release::v1::ClaimCellsRequest* request,
                          release::v1::ClaimCellsResponse*) override {
    return Answer(request->request_id());
  }
  grpc::Status ReleaseLease(grpc::ServerContext*,
                            const release::v1::ReleaseLeaseRequest* request,
                            Cell*) override {
    return Answer(request->request_id());
  }
  grpc::Status FailAttempt(grpc::ServerContext*,
                           const release::v1::FailAttemptRequest* request,
                           Cell*) override {
    return Answer(request->request_id());
  }
  grpc::Status PutFragments(grpc::ServerContext*,
                            const release::v1::PutFragmentsRequest* request,
                            release::v1::PutFragmentsResponse*) override {
    return Answer(request->request_id());
  }
  grpc::Status GetFragments(grpc::ServerContext*,
                            const release::v1::GetFragmentsRequest*,
                            release::v1::GetFragmentsResponse*) override {
    return Answer("");
  }
  grpc::Status MoveChannelHead(
      grpc::ServerContext*, const release::v1::MoveChannelHeadRequest* request,
      release::v1::ChannelHead*) override {
    return Answer(request->request_id());
  }
  grpc::Status PruneRevision(grpc::ServerContext*,
                             const release::v1::PruneRevisionRequest* request,
                             release::v1::Revision*) override {
    return Answer(request->request_id());
  }
  grpc::Status PruneLogs(grpc::ServerContext*,
                         const release::v1::PruneLogsRequest* request,
                         release::v1::PruneLogsResponse*) override {
    return Answer(request->request_id());
  }
  grpc::Status RetryCell(grpc::ServerContext*,
                         const release::v1::RetryCellRequest* request,
                         Cell*) override {
    return Answer(request->request_id());
  }

 private:
  grpc::Status Answer(const std::string& request_id) {
    request_ids.push_back(request_id);
    return ToGrpcStatus(answer(static_cast<int>(request_ids.size())));
  }
};

// The client makes one call at a time.
class RepeatedCallTest : public testing::Test {
 protected:
  void SetUp() override {
    grpc::ServerBuilder builder;
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);
    client_ =
        std::make_unique<ReleaseClient>(server_->InProcessChannel({}), "test");
    service_.answer = [](int call) -> absl::Status {
      return call % 3 == 0 ? absl::OkStatus() : absl::UnavailableError("busy");
    };
  }

  ScriptedService service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<ReleaseClient> client_;
};

TEST_F(RepeatedCallTest, UnavailableServiceIsCalledAgain) {
  EXPECT_THAT(client_->GetCell("any"), IsOk());
  EXPECT_THAT(service_.request_ids, SizeIs(3));
}

TEST_F(RepeatedCallTest,
       RepeatedChangesKeepTheirRequestIdAndNewOnesGetAnother) {
  EXPECT_THAT(client_->RetireCells({}), IsOk());
  EXPECT_THAT(client_->RecordRevision({}), IsOk());
  EXPECT_THAT(client_->ClaimCells({}), IsOk());
  EXPECT_THAT(client_->ReleaseLease({}), IsOk());
  EXPECT_THAT(client_->FailAttempt({}), IsOk());
  EXPECT_THAT(client_->PutFragments({TestFragment("a")}), IsOk());
  EXPECT_THAT(client_->MoveChannelHead({}), IsOk());
  EXPECT_THAT(client_->PruneRevision("any", 1), IsOk());
  EXPECT_THAT(client_->PruneLogs(absl::UnixEpoch()), IsOk());
  EXPECT_THAT(client_->RetryCell("any"), IsOk());
  EXPECT_THAT(client_->RetryCell("any"), IsOk());
  const std::vector<std::string>& ids = service_.request_ids;
  ASSERT_THAT(ids, SizeIs(3 * 11));
  for (size_t i = 0; i < ids.size(); i += 3) {
    EXPECT_THAT(ids[i], SizeIs(32));
    EXPECT_EQ(ids[i + 1], ids[i]);
    EXPECT_EQ(ids[i + 2], ids[i]);
  }
  EXPECT_THAT(std::set<std::string>(ids.begin(), ids.end()), SizeIs(11));
}

TEST_F(RepeatedCallTest, RequestIdOfTheCallerIsKept) {
  release::v1::RecordRevisionRequest request;
  request.set_request_id("mine");
  EXPECT_THAT(client_->RecordRevision(request), IsOk());
  EXPECT_THAT(service_.request_ids, AllOf(SizeIs(3), Each("mine")));
}

TEST_F(RepeatedCallTest, GivesUpBeforeADelayBeyondTheTimeout) {
  service_.answer = [](int) {
    return WithRetryInfo(absl::UnavailableError("busy"), absl::Seconds(9));
  };
  client_->set_retry_timeout(absl::Seconds(8));
  EXPECT_THAT(client_->GetCell("any"),
              StatusIs(absl::StatusCode::kUnavailable,
                       "release service at test: busy"));
  EXPECT_THAT(service_.request_ids, SizeIs(1));
}

// Otherwise the client would ask for ever.
TEST_F(RepeatedCallTest, PageWithoutFragmentsIsAnError) {
  EXPECT_THAT(client_->GetFragments({"any"}),
              StatusIs(absl::StatusCode::kInternal,
                       "release service at test: GetFragments returned 0 "
                       "fragments instead of 1 to 1"));
}

TEST_F(RepeatedCallTest, OtherErrorsAreReturnedAtOnce) {
  service_.answer = [](int) { return absl::AbortedError("no"); };
  EXPECT_THAT(client_->RetryCell("any"),
              StatusIs(absl::StatusCode::kAborted, "no"));
  EXPECT_THAT(service_.request_ids, SizeIs(1));
}

class ConnectedClientTest : public testing::Test {
 protected:
  void SetUp() override {
    Start("127.0.0.1:0");
    address_ = absl::StrCat("127.0.0.1:", server_->port());
    GANTRY_ASSERT_OK_AND_ASSIGN(client_, ReleaseClient::Connect(address_));
  }

  void Start(const std::string& listen_address) {
    ReleaseServerOptions options;
    options.listen_address = listen_address;
    options.database_path = database_.path();
    GANTRY_ASSERT_OK_AND_ASSIGN(server_, ReleaseServer::Start(options));
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

TEST_F(ConnectedClientTest, ClaimsInSeveralCallsWithTheRequestIdOfTheCaller) {
  ASSERT_THAT(client_->PlanCells(MakePlans(1'234)), IsOk());
  release::v1::ClaimCellsRequest request;
  request.set_worker("worker");
  request.set_request_id("mine");
  for (int i = 0; i < 1'234; ++i) request.add_ids(TestId(i));
  EXPECT_THAT(client_->ClaimCells(request), IsOkAndHolds(SizeIs(1'234)));
  EXPECT_THAT(client_->ClaimCells(request), IsOkAndHolds(SizeIs(1'234)));
}

TEST_F(ConnectedClientTest, RenewsMoreLeasesThanOneCallMay) {
  ASSERT_THAT(client_->PlanCells(MakePlans(1'234)), IsOk());
  release::v1::ClaimCellsRequest claim;
  claim.set_worker("worker");
  for (int i = 0; i < 1'234; ++i) claim.add_ids(TestId(i));
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<Cell> cells,
                              client_->ClaimCells(claim));
  release::v1::RenewLeasesRequest request;
  for (const Cell& cell : cells) {
    auto& lease = *request.add_leases();
    lease.set_id(cell.id());
    lease.set_fencing_token(cell.lease().fencing_token());
  }
  GANTRY_ASSERT_OK_AND_ASSIGN(const auto renewed,
                              client_->RenewLeases(request));
  ASSERT_THAT(renewed, SizeIs(1'234));
  EXPECT_EQ(renewed.back().id(), cells.back().id());
  EXPECT_THAT(client_->RenewLeases({}), IsOkAndHolds(IsEmpty()));
}

TEST_F(ConnectedClientTest, PutsAndGetsMoreFragmentsThanOneCallMay) {
  std::vector<release::v1::Fragment> fragments;
  std::vector<std::string> digests;
  const auto add = [&](const std::string& content) {
    fragments.push_back(TestFragment(content));
    digests.push_back(fragments.back().reference().digest());
  };
  // One call has room for a few of these.
  for (int i = 0; i < 30; ++i) add(absl::StrCat(i, std::string(900'000, 'x')));
  for (int i = 0; i < 1'234; ++i) add(absl::StrCat("small ", i));
  ASSERT_THAT(client_->PutFragments(fragments), IsOk());
  GANTRY_ASSERT_OK_AND_ASSIGN(const auto found, client_->GetFragments(digests));
  ASSERT_EQ(found.size(), fragments.size());
  for (size_t i = 0; i < found.size(); ++i) {
    ASSERT_EQ(found[i].content(), fragments[i].content()) << i;
  }
  EXPECT_THAT(client_->PutFragments({}), IsOk());
  EXPECT_THAT(client_->GetFragments({}), IsOkAndHolds(IsEmpty()));
}

TEST_F(ConnectedClientTest, CallSurvivesARestartOfTheService) {
  ASSERT_THAT(client_->PlanCells({TestPlan(1)}), IsOk());
  server_.reset();
  std::thread caller([&] {
    const auto recorded = client_->RecordRevision(TestRevision(1));
    EXPECT_THAT(recorded, IsOk());
    if (recorded.ok()) EXPECT_EQ(recorded->revision(), 1);
  });
  Start(address_);
  caller.join();
  EXPECT_THAT(client_->GetCell(TestId(1)), IsOk());
}

TEST_F(ConnectedClientTest, StoppedServiceIsUnavailable) {
  server_.reset();
  client_->set_retry_timeout(absl::Milliseconds(300));
  EXPECT_THAT(client_->GetCell("any"),
              StatusIs(absl::StatusCode::kUnavailable,
                       StartsWith("release service at " + address_ + ": ")));
}

}  // namespace
}  // namespace gantry::service
