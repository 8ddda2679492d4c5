// Starting, restarting and stopping a server, and its standard services.

#include "release/service/server/release_server.h"

#include <grpcpp/generic/generic_stub.h>

#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/cell.pb.h"
#include "proto/release_service.pb.h"
#include "release/service/client/release_client.h"
#include "release/service/rpc_status/error_details.h"
#include "release/service/rpc_status/rpc_status.h"
#include "release/service/server/test_server.h"
#include "release/service/store/test_store.h"
#include "tests/fixtures/test_cells.h"

namespace gantry::service {
namespace {

using ::gantry::fixtures::TestId;
using ::gantry::fixtures::TestPlan;
using ::gantry::fixtures::TestRevision;
using ::gantry::release::v1::Cell;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kHealthCheck[] = "/grpc.health.v1.Health/Check";
// Serialized grpc.health.v1.HealthCheckResponses.
constexpr char kServing[] = "\x08\x01";
constexpr char kNotServing[] = "\x08\x02";

// Sends an empty request to any method without its .proto file.  Returns the
// serialized response.
absl::StatusOr<std::string> CallEmpty(const std::string& address,
                                      const std::string& method) {
  grpc::GenericStub stub(
      grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
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

TEST_F(ReleaseServerTest, CellsAndTokensPersistAcrossRestarts) {
  ASSERT_THAT(client_->PlanCells({TestPlan(1)}), IsOk());
  GANTRY_ASSERT_OK_AND_ASSIGN(const auto built,
                              client_->RecordRevision(TestRevision(2)));
  release::v1::ClaimCellsRequest claim;
  claim.set_worker("worker");
  GANTRY_ASSERT_OK_AND_ASSIGN(const auto before, client_->ClaimCells(claim));
  const int64_t token = before.at(0).lease().fencing_token();

  Stop();
  Start();
  GANTRY_ASSERT_OK_AND_ASSIGN(const Cell found, client_->GetCell(TestId(2)));
  EXPECT_EQ(found.SerializeAsString(), built.cell().SerializeAsString());
  AdvanceClock(absl::Hours(2));
  GANTRY_ASSERT_OK_AND_ASSIGN(const auto after, client_->ClaimCells(claim));
  EXPECT_GT(after.at(0).lease().fencing_token(), token);
}

TEST_F(ReleaseServerTest, HealthIsServing) {
  EXPECT_THAT(CallEmpty(Address(), kHealthCheck), IsOkAndHolds(kServing));
}

TEST_F(ReleaseServerTest, ReflectionResponds) {
  // It answers an empty request with a response that holds an error.
  EXPECT_THAT(CallEmpty(Address(),
                        "/grpc.reflection.v1alpha.ServerReflection/"
                        "ServerReflectionInfo"),
              IsOkAndHolds(Not(IsEmpty())));
}

TEST_F(ReleaseServerTest, ShutdownWaitsForCallsInFlightAndRefusesNewOnes) {
  BlockNextWrite();
  std::thread publisher(
      [&] { EXPECT_THAT(client_->RecordRevision(TestRevision(1)), IsOk()); });
  write_blocked_.WaitForNotification();
  // A call would be repeated until the service is back.
  ReleaseClient impatient(
      grpc::CreateChannel(Address(), grpc::InsecureChannelCredentials()),
      Address());
  impatient.set_retry_timeout(absl::ZeroDuration());
  std::thread shutdown(
      [&] { server_->Shutdown(absl::Now() + absl::Seconds(30)); });

  while (CallEmpty(Address(), kHealthCheck).value_or("") != kNotServing) {
  }
  absl::Status refused;
  while (!absl::IsUnavailable(refused)) {
    refused = impatient.GetCell("any").status();
  }
  EXPECT_THAT(std::string(refused.message()),
              HasSubstr("the service is shutting down"));
  EXPECT_EQ(GetDetail<google::rpc::ErrorInfo>(refused)->reason(), "DRAINING");

  unblock_write_.Notify();
  publisher.join();
  shutdown.join();
  Stop();
  Start();
  EXPECT_THAT(client_->GetCell(TestId(1)), IsOk());
}

TEST_F(ReleaseServerTest, ShutdownDoesNotWaitForIdleClients) {
  const absl::Time start = absl::Now();
  server_->Shutdown(start + absl::Seconds(30));
  EXPECT_LT(absl::Now() - start, absl::Seconds(15));
}

TEST_F(ReleaseServerTest, SecondServerOnTheDatabaseIsRefused) {
  EXPECT_THAT(ReleaseServer::Start(Options()),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       database_.path() + "-lock: locked by another process"));
}

TEST_F(ReleaseServerTest, SecondServerOnThePortIsRefused) {
  const TestDatabase other;
  ReleaseServerOptions options = Options();
  options.listen_address = Address();
  options.database_path = other.path();
  EXPECT_THAT(ReleaseServer::Start(options),
              StatusIs(absl::StatusCode::kUnavailable,
                       absl::StrCat("cannot listen on ", Address(),
                                    ": the address is in use or not local")));
}

TEST_F(ReleaseServerTest, ReadOnlyServerReadsBesideAWriter) {
  ReleaseServerOptions options = Options();
  options.listen_address.clear();
  options.read_only = true;
  GANTRY_ASSERT_OK_AND_ASSIGN(const auto server, ReleaseServer::Start(options));
  ReleaseClient reader(server->InProcessChannel(), "reader");
  ASSERT_THAT(client_->RecordRevision(TestRevision(1)), IsOk());
  EXPECT_THAT(reader.GetCell(TestId(1)), IsOk());
  EXPECT_THAT(reader.PlanCells({TestPlan(2)}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       database_.path() + ": opened read-only"));
}

}  // namespace
}  // namespace gantry::service
