// A real server on a free port, its own client, and generic clients.

#include "release/service/server/release_server.h"

#include <grpcpp/generic/generic_stub.h>

#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "base/cell_name.h"
#include "base/status_matchers.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "release/service/client/release_client.h"
#include "release/service/rpc_status/error_details.h"
#include "release/service/rpc_status/rpc_status.h"
#include "release/service/store/mutations.h"

namespace gantry::service {
namespace {

using ::gantry::release::v1::Cell;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kOsRelease[] = "debian-12-6.1.0-56-cloud-amd64";
constexpr char kKernel[] = "6.1.0-56-cloud-amd64";

std::string Digest(char digit) { return "sha256:" + std::string(64, digit); }

cell::v1::CellCoordinates Coordinates(const std::string& cuda_version) {
  cell::v1::CellCoordinates coordinates;
  coordinates.set_os_release(kOsRelease);
  coordinates.set_kernel_release(kKernel);
  coordinates.set_driver_version("535.261.03");
  coordinates.set_cuda_version(cuda_version);
  coordinates.set_driver_flavour(cell::v1::DRIVER_FLAVOUR_OPEN);
  return coordinates;
}

std::string Id(const std::string& cuda_version) {
  return CellId(Coordinates(cuda_version));
}

release::v1::CellPlan Plan(const std::string& cuda_version) {
  release::v1::CellPlan plan;
  *plan.mutable_coordinates() = Coordinates(cuda_version);
  plan.mutable_coordinates()->clear_kernel_release();
  plan.set_channel("6.1-cloud");
  return plan;
}

release::v1::PublishPayloadRequest Publication(const std::string& cuda_version,
                                               char digit,
                                               int64_t fencing_token = 0) {
  release::v1::PublishPayloadRequest request;
  *request.mutable_coordinates() = Coordinates(cuda_version);
  request.set_channel("6.1-cloud");
  request.mutable_payload()->set_digest(Digest(digit));
  request.mutable_payload()->set_reference("oci:/srv/oci@" + Digest(digit));
  request.mutable_payload()->mutable_proof()->set_accepted(true);
  request.mutable_payload()->mutable_proof()->set_kernel_release(kKernel);
  request.set_fencing_token(fencing_token);
  return request;
}

class ReleaseServerTest : public testing::Test {
 protected:
  void SetUp() override {
    auto dir = TempDir::Create();
    ASSERT_TRUE(dir.ok()) << dir.status();
    dir_ = std::make_unique<TempDir>(*std::move(dir));
    Start();
  }

  ReleaseServerOptions Options() const {
    ReleaseServerOptions options;
    options.listen_address = "127.0.0.1:0";
    options.database_path = dir_->path() + "/release.db";
    options.clock = [this] {
      if (clock_blocks_) {
        clock_entered_->Notify();
        clock_released_->WaitForNotification();
      }
      return now_.load();
    };
    return options;
  }

  void Start() {
    auto server = ReleaseServer::Start(Options());
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    auto client = ReleaseClient::Connect(Address());
    ASSERT_TRUE(client.ok()) << client.status();
    client_ = *std::move(client);
  }

  void Restart() {
    client_.reset();
    server_->Shutdown(absl::Now() + absl::Seconds(5));
    server_.reset();
    Start();
  }

  // Stores a cell with a proof of 9 MiB, as a version without limits did.
  void StoreWithLargeProof(const std::string& cuda_version) {
    client_.reset();
    server_.reset();
    release::v1::PublishPayloadRequest request = Publication(cuda_version, 'a');
    request.mutable_payload()->mutable_proof()->set_reason(
        std::string(9 << 20, 'x'));
    {
      auto store = CellStore::Open(Options().database_path);
      ASSERT_THAT(store, IsOk());
      Cell cell;
      ASSERT_THAT((*store)->WriteAndWait([&](CellTable& table, absl::Time now) {
        return PublishPayload(table, request, now, cell);
      }),
                  IsOk());
    }
    Start();
  }

  std::string Address() const {
    return absl::StrCat("127.0.0.1:", server_->port());
  }

  absl::StatusOr<std::vector<Cell>> Claim(
      const std::string& worker, absl::Duration lease = absl::Hours(1)) {
    release::v1::ClaimCellsRequest request;
    request.set_worker(worker);
    request.mutable_lease_duration()->set_seconds(absl::ToInt64Seconds(lease));
    return client_->ClaimCells(request);
  }

  absl::StatusOr<Cell> Fail(const std::string& cuda_version, int64_t token,
                            const std::string& reason) {
    release::v1::FailAttemptRequest request;
    request.set_id(Id(cuda_version));
    request.set_fencing_token(token);
    request.set_reason(reason);
    return client_->FailAttempt(request);
  }

  // The answer to an empty request of any method, as a client without our
  // .proto files sends it.
  absl::StatusOr<std::string> CallEmpty(const std::string& method) {
    grpc::GenericStub stub(
        grpc::CreateChannel(Address(), grpc::InsecureChannelCredentials()));
    grpc::ClientContext context;
    grpc::CompletionQueue queue;
    grpc::Slice empty;
    grpc::ByteBuffer request(&empty, 1), response;
    auto call = stub.PrepareUnaryCall(&context, method, request, &queue);
    call->StartCall();
    grpc::Status status;
    call->Finish(&response, &status, nullptr);
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    if (!status.ok()) return FromGrpcStatus(status);
    grpc::Slice slice;
    response.DumpToSingleSlice(&slice);
    return std::string(slice.begin(), slice.end());
  }

  std::unique_ptr<TempDir> dir_;
  std::atomic<absl::Time> now_{absl::FromUnixSeconds(1700000000)};
  std::atomic<bool> clock_blocks_{false};
  std::unique_ptr<absl::Notification> clock_entered_ =
      std::make_unique<absl::Notification>();
  std::unique_ptr<absl::Notification> clock_released_ =
      std::make_unique<absl::Notification>();
  std::unique_ptr<ReleaseServer> server_;
  std::unique_ptr<ReleaseClient> client_;
};

TEST_F(ReleaseServerTest, CellGoesFromPlanToPayload) {
  auto planned = client_->PlanCells({Plan("11.8"), Plan("12.4")});
  ASSERT_TRUE(planned.ok()) << planned.status();
  ASSERT_THAT(*planned, SizeIs(2));
  EXPECT_EQ((*planned)[1].id(), Id("12.4"));
  EXPECT_EQ((*planned)[1].state(), release::v1::CELL_STATE_PLANNED);

  auto claimed = Claim("worker-1");
  ASSERT_TRUE(claimed.ok()) << claimed.status();
  ASSERT_THAT(*claimed, SizeIs(2));
  EXPECT_LT((*claimed)[0].lease().fencing_token(),
            (*claimed)[1].lease().fencing_token());
  EXPECT_THAT(*Claim("worker-2"), IsEmpty());

  auto failed = Fail("11.8", (*claimed)[0].lease().fencing_token(), "no space");
  ASSERT_TRUE(failed.ok()) << failed.status();
  EXPECT_EQ(failed->state(), release::v1::CELL_STATE_FAILED);

  auto built = client_->PublishPayload(
      Publication("12.4", 'a', (*claimed)[1].lease().fencing_token()));
  ASSERT_TRUE(built.ok()) << built.status();
  EXPECT_EQ(built->state(), release::v1::CELL_STATE_BUILT);
  EXPECT_EQ(client_->GetCell(Id("12.4"))->SerializeAsString(),
            built->SerializeAsString());

  release::v1::ResolveRequest request;
  request.set_os_release(kOsRelease);
  request.set_kernel_release(kKernel);
  EXPECT_EQ(client_->Resolve(request)->cell().payload().digest(), Digest('a'));
  request.set_cuda_version("11.8");
  EXPECT_THAT(client_->Resolve(request)->no_payload().reason(),
              HasSubstr("no space"));
}

TEST_F(ReleaseServerTest, UnknownCellIsNotFoundWithItsName) {
  const absl::Status status = client_->GetCell("no-such").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "nobody has planned or built a cell \"no-such\"");
  EXPECT_EQ(GetDetail<google::rpc::ResourceInfo>(status)->resource_name(),
            "no-such");
}

TEST_F(ReleaseServerTest, SecondPublisherWithAnotherDigestIsRefused) {
  ASSERT_TRUE(client_->PublishPayload(Publication("12.4", 'a')).ok());
  const Cell recorded = *client_->GetCell(Id("12.4"));
  now_ = now_.load() + absl::Minutes(1);

  auto again = client_->PublishPayload(Publication("12.4", 'a'));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->SerializeAsString(), recorded.SerializeAsString());

  const absl::Status status =
      client_->PublishPayload(Publication("12.4", 'b')).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(status.message(),
            absl::StrCat(Id("12.4"), " is published as ", Digest('a'),
                         " for kernel ", kKernel, "; refused ", Digest('b'),
                         " for kernel ", kKernel));
  const auto info = GetDetail<google::rpc::ErrorInfo>(status);
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->reason(), "PAYLOAD_CONFLICT");
  EXPECT_EQ(info->metadata().at("recorded_digest"), Digest('a'));
  EXPECT_EQ(info->metadata().at("refused_digest"), Digest('b'));
  EXPECT_EQ(client_->GetCell(Id("12.4"))->SerializeAsString(),
            recorded.SerializeAsString());
}

TEST_F(ReleaseServerTest, OfRacingPublishersExactlyOneWins) {
  for (int round = 0; round < 20; ++round) {
    const std::string cuda_version = absl::StrCat("12.", round);
    std::vector<std::thread> publishers;
    std::vector<absl::Status> results(8);
    for (int i = 0; i < 8; ++i) {
      publishers.emplace_back([&, i] {
        results[i] =
            client_->PublishPayload(Publication(cuda_version, "abcdef01"[i]))
                .status();
      });
    }
    for (std::thread& publisher : publishers) publisher.join();
    const std::string digest =
        client_->GetCell(Id(cuda_version))->payload().digest();
    for (int i = 0; i < 8; ++i) {
      EXPECT_EQ(results[i].code(), digest == Digest("abcdef01"[i])
                                       ? absl::StatusCode::kOk
                                       : absl::StatusCode::kAlreadyExists);
    }
  }
}

TEST_F(ReleaseServerTest, LeaseThatEndedPassesOnAndItsTokenIsStale) {
  ASSERT_TRUE(client_->PlanCells({Plan("12.4")}).ok());
  const int64_t first =
      (*Claim("slow", absl::Minutes(10)))[0].lease().fencing_token();
  now_ = now_.load() + absl::Minutes(10) - absl::Microseconds(1);
  EXPECT_THAT(*Claim("other"), IsEmpty());
  const absl::Status held =
      client_->PublishPayload(Publication("12.4", 'c')).status();
  EXPECT_EQ(held.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(GetDetail<google::rpc::ErrorInfo>(held)->reason(), "LEASE_HELD");
  EXPECT_EQ(GetDetail<google::rpc::RetryInfo>(held)->retry_delay().nanos(),
            1000);

  now_ = now_.load() + absl::Microseconds(1);
  const auto claimed = Claim("other");
  ASSERT_THAT(*claimed, SizeIs(1));
  const int64_t second = (*claimed)[0].lease().fencing_token();
  EXPECT_GT(second, first);
  EXPECT_EQ((*claimed)[0].attempt_count(), 2);

  const absl::Status stale =
      client_->PublishPayload(Publication("12.4", 'a', first)).status();
  EXPECT_EQ(stale.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(
      stale.message(),
      absl::StrCat("fencing token ", first, " of ", Id("12.4"),
                   " is stale: the lease has ", second, ", held by other"));
  EXPECT_EQ(GetDetail<google::rpc::ErrorInfo>(stale)->reason(),
            "STALE_FENCING_TOKEN");
  EXPECT_EQ(Fail("12.4", first, "late").status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(client_->PublishPayload(Publication("12.4", 'b', second)).ok());
}

TEST_F(ReleaseServerTest, PagesStayStableUnderInserts) {
  std::vector<release::v1::CellPlan> plans;
  for (int i = 10; i < 40; i += 2) plans.push_back(Plan(absl::StrCat(i)));
  ASSERT_TRUE(client_->PlanCells(plans).ok());
  auto stub = release::v1::ReleaseService::NewStub(
      grpc::CreateChannel(Address(), grpc::InsecureChannelCredentials()));
  release::v1::ListCellsRequest request;
  request.set_page_size(4);
  std::vector<std::string> ids;
  int extra = 11;
  do {
    grpc::ClientContext context;
    release::v1::ListCellsResponse page;
    ASSERT_TRUE(stub->ListCells(&context, request, &page).ok());
    for (const Cell& cell : page.cell()) ids.push_back(cell.id());
    request.set_page_token(page.next_page_token());
    // Before what was seen, so that offsets would shift.
    ASSERT_TRUE(client_->PlanCells({Plan(absl::StrCat("10.", extra++))}).ok());
  } while (!request.page_token().empty());
  // From the second page on nothing comes twice and nothing is left out.
  EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), ids.size());
  for (const auto& plan : plans) {
    EXPECT_THAT(ids, testing::Contains(CellId(plan.coordinates())));
  }
}

TEST_F(ReleaseServerTest, PageTokenOfAnotherFilterIsRefused) {
  ASSERT_TRUE(client_->PlanCells({Plan("11.8"), Plan("12.4")}).ok());
  auto stub = release::v1::ReleaseService::NewStub(
      grpc::CreateChannel(Address(), grpc::InsecureChannelCredentials()));
  release::v1::ListCellsRequest request;
  request.set_page_size(1);
  release::v1::ListCellsResponse page;
  grpc::ClientContext first;
  ASSERT_TRUE(stub->ListCells(&first, request, &page).ok());
  request.set_page_token(page.next_page_token());
  request.set_channel("other");
  grpc::ClientContext second;
  const absl::Status status =
      FromGrpcStatus(stub->ListCells(&second, request, &page));
  EXPECT_EQ(status, InvalidFieldError("page_token", "is for another filter"));
}

TEST_F(ReleaseServerTest, PublishedPayloadsSurviveARestart) {
  const Cell cell = *client_->PublishPayload(Publication("12.4", 'a'));
  ASSERT_TRUE(client_->PlanCells({Plan("11.8")}).ok());
  const int64_t token = (*Claim("worker"))[0].lease().fencing_token();
  Restart();
  EXPECT_EQ(client_->GetCell(Id("12.4"))->SerializeAsString(),
            cell.SerializeAsString());
  ASSERT_TRUE(Fail("11.8", token, "stopped").ok());
  EXPECT_GT((*Claim("worker"))[0].lease().fencing_token(), token);
}

TEST_F(ReleaseServerTest, HealthIsServing) {
  EXPECT_EQ(*CallEmpty("/grpc.health.v1.Health/Check"), "\x08\x01");
}

TEST_F(ReleaseServerTest, ReflectionAnswers) {
  // An empty request is one that reflection knows and refuses, in its answer.
  EXPECT_THAT(*CallEmpty("/grpc.reflection.v1alpha.ServerReflection/"
                         "ServerReflectionInfo"),
              Not(IsEmpty()));
}

TEST_F(ReleaseServerTest, ShutdownLetsCallsInFlightEndAndTakesNoMore) {
  clock_blocks_ = true;
  absl::StatusOr<Cell> published;
  std::thread publisher(
      [&] { published = client_->PublishPayload(Publication("12.4", 'a')); });
  clock_entered_->WaitForNotification();
  clock_blocks_ = false;
  std::thread shutdown(
      [&] { server_->Shutdown(absl::Now() + absl::Seconds(30)); });

  // NOT_SERVING.
  while (CallEmpty("/grpc.health.v1.Health/Check").value_or("") != "\x08\x02") {
  }
  absl::Status refused;
  while (!absl::IsUnavailable(refused)) {
    refused = client_->GetCell("any").status();
  }
  EXPECT_THAT(std::string(refused.message()),
              HasSubstr("the service is shutting down"));
  EXPECT_EQ(GetDetail<google::rpc::ErrorInfo>(refused)->reason(), "DRAINING");

  clock_released_->Notify();
  publisher.join();
  shutdown.join();
  ASSERT_TRUE(published.ok()) << published.status();
  client_.reset();
  server_.reset();
  Start();
  EXPECT_TRUE(client_->GetCell(Id("12.4")).ok());
}

TEST_F(ReleaseServerTest, ShutdownEndsAtItsDeadlineWithIdleClients) {
  const absl::Time begin = absl::Now();
  server_->Shutdown(absl::Now() + absl::Seconds(30));
  EXPECT_LT(absl::Now() - begin, absl::Seconds(3));
}

TEST_F(ReleaseServerTest, CallerThatGaveUpChangesNothing) {
  clock_blocks_ = true;
  std::thread first([&] {
    EXPECT_TRUE(client_->PublishPayload(Publication("11.8", 'a')).ok());
  });
  clock_entered_->WaitForNotification();
  clock_blocks_ = false;
  // Waits behind the first, until its deadline.
  auto stub = release::v1::ReleaseService::NewStub(
      grpc::CreateChannel(Address(), grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  context.set_deadline(
      absl::ToChronoTime(absl::Now() + absl::Milliseconds(200)));
  Cell cell;
  EXPECT_EQ(stub->PublishPayload(&context, Publication("12.4", 'a'), &cell)
                .error_code(),
            grpc::StatusCode::DEADLINE_EXCEEDED);
  // Over the same connection: once it is answered, the server has also read
  // that the caller gave up.
  grpc::ClientContext get_context;
  EXPECT_EQ(stub->GetCell(&get_context, {}, &cell).error_code(),
            grpc::StatusCode::NOT_FOUND);
  clock_released_->Notify();
  first.join();
  // Goes through the queue after the call that was given up.
  ASSERT_TRUE(client_->PlanCells({Plan("12.5")}).ok());
  EXPECT_EQ(client_->GetCell(Id("12.4")).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(ReleaseServerTest, RequestThatIsTooLargeIsRefused) {
  release::v1::GetCellRequest request;
  request.set_id(std::string(17 << 20, 'x'));
  auto stub = release::v1::ReleaseService::NewStub(
      grpc::CreateChannel(Address(), grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  Cell cell;
  EXPECT_EQ(stub->GetCell(&context, request, &cell).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
}

// gRPC's clients refuse messages above 4 MiB unless they are configured
// otherwise.
TEST_F(ReleaseServerTest, ProofAboveTheLimitIsRefused) {
  release::v1::PublishPayloadRequest request = Publication("12.4", 'a');
  request.mutable_payload()->mutable_proof()->set_reason(
      std::string(9 << 20, 'x'));
  EXPECT_EQ(client_->PublishPayload(request).status(),
            InvalidFieldError(
                "payload", absl::StrCat("is ", request.payload().ByteSizeLong(),
                                        " bytes long; the limit is 262144")));
  EXPECT_THAT(client_->GetCell(Id("12.4")),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(ReleaseServerTest, StoredProofAboveTheLimitDoesNotMakeACellUnreadable) {
  StoreWithLargeProof("12.4");
  auto stub = release::v1::ReleaseService::NewStub(
      grpc::CreateChannel(Address(), grpc::InsecureChannelCredentials()));
  release::v1::GetCellRequest get;
  get.set_id(Id("12.4"));
  Cell cell;
  grpc::ClientContext get_context;
  ASSERT_THAT(FromGrpcStatus(stub->GetCell(&get_context, get, &cell)), IsOk());
  EXPECT_EQ(cell.payload().digest(), Digest('a'));
  EXPECT_FALSE(cell.payload().has_proof());

  release::v1::ListCellsResponse list;
  grpc::ClientContext list_context;
  ASSERT_THAT(FromGrpcStatus(stub->ListCells(&list_context, {}, &list)),
              IsOk());
  EXPECT_THAT(list.cell(), SizeIs(1));

  release::v1::ResolveRequest node;
  node.set_os_release(kOsRelease);
  release::v1::ResolveResponse resolved;
  grpc::ClientContext resolve_context;
  ASSERT_THAT(FromGrpcStatus(stub->Resolve(&resolve_context, node, &resolved)),
              IsOk());
  EXPECT_EQ(resolved.cell().payload().digest(), Digest('a'));
}

TEST_F(ReleaseServerTest, SecondServerOnTheDatabaseIsRefused) {
  const absl::Status status = ReleaseServer::Start(Options()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(),
            dir_->path() + "/release.db-lock: locked by another process");
}

TEST_F(ReleaseServerTest, SecondServerOnThePortIsRefused) {
  ReleaseServerOptions options = Options();
  options.listen_address = Address();
  options.database_path += "2";
  const absl::Status status = ReleaseServer::Start(options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(status.message(), "cannot listen on " + Address() +
                                  ": no such address here, or in use");
}

TEST_F(ReleaseServerTest, ReadOnlyServerReadsBesideTheWriter) {
  ASSERT_TRUE(client_->PublishPayload(Publication("12.4", 'a')).ok());
  ReleaseServerOptions options = Options();
  options.listen_address.clear();
  options.read_only = true;
  auto reader = ReleaseServer::Start(options);
  ASSERT_TRUE(reader.ok()) << reader.status();
  ReleaseClient client((*reader)->InProcessChannel(), "reader");
  EXPECT_TRUE(client.GetCell(Id("12.4")).ok());
  EXPECT_EQ(client.PlanCells({Plan("11.8")}).status(),
            absl::FailedPreconditionError(
                dir_->path() + "/release.db: is open for reading only"));
  ASSERT_TRUE(client_->PlanCells({Plan("11.8")}).ok());
  EXPECT_TRUE(client.GetCell(Id("11.8")).ok());
}

}  // namespace
}  // namespace gantry::service
