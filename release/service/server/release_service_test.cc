// The calls of ReleaseService over a connection: what they change and return,
// and the errors that clients see.

#include "release/service/server/release_service.h"

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/digest.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/cell_plan.pb.h"
#include "release/service/client/release_client.h"
#include "release/service/rpc_status/error_details.h"
#include "release/service/rpc_status/rpc_status.h"
#include "release/service/server/test_server.h"
#include "release/service/store/cell_store.h"
#include "release/service/store/mutations.h"
#include "release/service/store/test_store.h"
#include "tests/fixtures/test_cells.h"

namespace gantry::service {
namespace {

using ::gantry::fixtures::TestCoordinates;
using ::gantry::fixtures::TestId;
using ::gantry::fixtures::TestPlan;
using ::gantry::fixtures::TestPublication;
using ::gantry::release::v1::Cell;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Matches a Cell.
MATCHER_P(IsSameCell, cell, "is the same cell") {
  return arg.SerializeAsString() == cell.SerializeAsString();
}

// Matches a Cell.
MATCHER_P(HasState, state, "has the state") { return arg.state() == state; }

// ErrorInfo.reason of an error.
std::string Reason(const absl::Status& status) {
  const auto info = GetDetail<google::rpc::ErrorInfo>(status);
  return info.has_value() ? info->reason() : "no ErrorInfo";
}

release::v1::PublishPayloadRequest OversizedPublication(int number) {
  release::v1::PublishPayloadRequest request = TestPublication(number);
  request.mutable_payload()->mutable_proof()->set_reason(
      std::string(9 << 20, 'x'));
  return request;
}

class ReleaseServiceTest : public ReleaseServerTest {
 protected:
  absl::StatusOr<std::vector<Cell>> Claim(
      const std::string& worker, absl::Duration lease = absl::Hours(1)) {
    release::v1::ClaimCellsRequest request;
    request.set_worker(worker);
    request.mutable_lease_duration()->set_seconds(absl::ToInt64Seconds(lease));
    return client_->ClaimCells(request);
  }

  // Claims the only claimable cell, and sets its fencing token.
  void ClaimOne(const std::string& worker, absl::Duration lease,
                int64_t& token) {
    GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<Cell> cells,
                                Claim(worker, lease));
    ASSERT_THAT(cells, SizeIs(1));
    token = cells[0].lease().fencing_token();
  }

  absl::StatusOr<Cell> Fail(int number, int64_t token) {
    release::v1::FailAttemptRequest request;
    request.set_id(TestId(number));
    request.set_fencing_token(token);
    request.set_reason("no space");
    return client_->FailAttempt(request);
  }

  absl::StatusOr<Cell> Publish(int number,
                               const std::string& content = "payload",
                               int64_t token = 0) {
    return client_->PublishPayload(TestPublication(number, content, token));
  }
};

TEST_F(ReleaseServiceTest, ClaimedCellIsBuiltOrFails) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<Cell> planned,
                              client_->PlanCells({TestPlan(1), TestPlan(2)}));
  EXPECT_THAT(planned, ElementsAre(HasState(release::v1::CELL_STATE_PLANNED),
                                   HasState(release::v1::CELL_STATE_PLANNED)));
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<Cell> claimed,
                              Claim("worker-1"));
  ASSERT_THAT(claimed, SizeIs(2));
  const int64_t first = claimed[0].lease().fencing_token();
  const int64_t second = claimed[1].lease().fencing_token();
  EXPECT_LT(first, second);
  EXPECT_THAT(Claim("worker-2"), IsOkAndHolds(IsEmpty()));

  EXPECT_THAT(Fail(1, first),
              IsOkAndHolds(HasState(release::v1::CELL_STATE_FAILED)));
  GANTRY_ASSERT_OK_AND_ASSIGN(const Cell built, Publish(2, "payload", second));
  EXPECT_EQ(built.state(), release::v1::CELL_STATE_BUILT);
  EXPECT_THAT(client_->GetCell(TestId(2)), IsOkAndHolds(IsSameCell(built)));
}

TEST_F(ReleaseServiceTest, ResolveReturnsThePayloadOrTheReason) {
  ASSERT_THAT(Publish(2), IsOk());
  release::v1::ResolveRequest request;
  request.set_os_release(TestCoordinates(2).os_release());
  GANTRY_ASSERT_OK_AND_ASSIGN(const release::v1::ResolveResponse found,
                              client_->Resolve(request));
  EXPECT_EQ(found.cell().id(), TestId(2));
  request.set_cuda_version("13");
  GANTRY_ASSERT_OK_AND_ASSIGN(const release::v1::ResolveResponse missing,
                              client_->Resolve(request));
  EXPECT_THAT(missing.no_payload().reason(), HasSubstr("has no CUDA 13"));
}

TEST_F(ReleaseServiceTest, UnknownCellIsNotFound) {
  const absl::Status status = client_->GetCell("no-such").status();
  EXPECT_THAT(status,
              StatusIs(absl::StatusCode::kNotFound,
                       "cell \"no-such\" is neither planned nor built"));
  EXPECT_EQ(GetDetail<google::rpc::ResourceInfo>(status)->resource_name(),
            "no-such");
}

TEST_F(ReleaseServiceTest, PublishingTheSamePayloadAgainChangesNothing) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const Cell recorded, Publish(1));
  AdvanceClock(absl::Minutes(1));
  EXPECT_THAT(Publish(1), IsOkAndHolds(IsSameCell(recorded)));
}

TEST_F(ReleaseServiceTest, PublishingAnotherPayloadIsAConflict) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const Cell recorded, Publish(1, "first"));
  const absl::Status status = Publish(1, "second").status();
  const std::string& kernel = recorded.coordinates().kernel_release();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kAlreadyExists,
                               absl::StrCat(
                                   TestId(1), " is already published as ",
                                   Sha256Digest("first"), " for kernel ",
                                   kernel, "; refused ", Sha256Digest("second"),
                                   " for kernel ", kernel)));
  const auto info = GetDetail<google::rpc::ErrorInfo>(status);
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->reason(), "PAYLOAD_CONFLICT");
  EXPECT_EQ(info->metadata().at("recorded_digest"), Sha256Digest("first"));
  EXPECT_EQ(info->metadata().at("refused_digest"), Sha256Digest("second"));
  EXPECT_THAT(client_->GetCell(TestId(1)), IsOkAndHolds(IsSameCell(recorded)));
}

TEST_F(ReleaseServiceTest, ExactlyOneConcurrentPublisherWins) {
  for (int number = 0; number < 20; ++number) {
    std::vector<std::thread> publishers;
    std::vector<absl::Status> results(8);
    for (int i = 0; i < 8; ++i) {
      publishers.emplace_back(
          [&, i] { results[i] = Publish(number, absl::StrCat(i)).status(); });
    }
    for (std::thread& publisher : publishers) publisher.join();
    GANTRY_ASSERT_OK_AND_ASSIGN(const Cell cell,
                                client_->GetCell(TestId(number)));
    for (int i = 0; i < 8; ++i) {
      const bool won = cell.payload().digest() == Sha256Digest(absl::StrCat(i));
      EXPECT_THAT(results[i], StatusIs(won ? absl::StatusCode::kOk
                                           : absl::StatusCode::kAlreadyExists));
    }
  }
}

class LeaseTest : public ReleaseServiceTest {
 protected:
  void SetUp() override {
    ReleaseServiceTest::SetUp();
    ASSERT_THAT(client_->PlanCells({TestPlan(1)}), IsOk());
    ClaimOne("first", absl::Minutes(10), first_token_);
  }

  int64_t first_token_ = 0;
};

TEST_F(LeaseTest, HeldLeaseExcludesOthers) {
  AdvanceClock(absl::Minutes(10) - absl::Microseconds(1));
  EXPECT_THAT(Claim("other"), IsOkAndHolds(IsEmpty()));
  const absl::Status status = Publish(1).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(Reason(status), "LEASE_HELD");
  EXPECT_EQ(GetDetail<google::rpc::RetryInfo>(status)->retry_delay().nanos(),
            1000);
}

TEST_F(LeaseTest, ExpiredLeaseCanBeClaimedWithAGreaterToken) {
  AdvanceClock(absl::Minutes(10));
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<Cell> claimed, Claim("other"));
  ASSERT_THAT(claimed, SizeIs(1));
  EXPECT_GT(claimed[0].lease().fencing_token(), first_token_);
  EXPECT_EQ(claimed[0].attempt_count(), 2);
}

TEST_F(LeaseTest, TokenOfAnEarlierLeaseIsRefused) {
  AdvanceClock(absl::Minutes(10));
  int64_t token = 0;
  ClaimOne("other", absl::Hours(1), token);
  const absl::Status status = Publish(1, "payload", first_token_).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition,
                               absl::StrCat("fencing token ", first_token_,
                                            " of ", TestId(1),
                                            " is stale: the current lease, "
                                            "held by other, has token ",
                                            token)));
  EXPECT_EQ(Reason(status), "STALE_FENCING_TOKEN");
  EXPECT_THAT(Fail(1, first_token_),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(Publish(1, "payload", token), IsOk());
}

TEST_F(ReleaseServiceTest, PagesStayStableUnderInserts) {
  std::vector<release::v1::CellPlan> plans;
  for (int number = 20; number < 35; ++number) {
    plans.push_back(TestPlan(number));
  }
  ASSERT_THAT(client_->PlanCells(plans), IsOk());
  const auto stub = NewStub();
  release::v1::ListCellsRequest request;
  request.set_page_size(4);
  std::vector<std::string> ids;
  // Cells before those that were listed, which would shift offsets.
  int inserted = 10;
  do {
    grpc::ClientContext context;
    release::v1::ListCellsResponse page;
    ASSERT_TRUE(stub->ListCells(&context, request, &page).ok());
    for (const Cell& cell : page.cells()) ids.push_back(cell.id());
    request.set_page_token(page.next_page_token());
    ASSERT_THAT(client_->PlanCells({TestPlan(inserted++)}), IsOk());
  } while (!request.page_token().empty());
  EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), ids.size());
  for (int number = 20; number < 35; ++number) {
    EXPECT_THAT(ids, Contains(TestId(number)));
  }
}

TEST_F(ReleaseServiceTest, PageTokenForADifferentFilterIsRefused) {
  ASSERT_THAT(client_->PlanCells({TestPlan(1), TestPlan(2)}), IsOk());
  const auto stub = NewStub();
  release::v1::ListCellsRequest request;
  request.set_page_size(1);
  release::v1::ListCellsResponse page;
  grpc::ClientContext first;
  ASSERT_TRUE(stub->ListCells(&first, request, &page).ok());
  request.set_page_token(page.next_page_token());
  request.set_channel("other");
  grpc::ClientContext second;
  EXPECT_EQ(
      FromGrpcStatus(stub->ListCells(&second, request, &page)),
      InvalidFieldError("page_token", "was issued for a different filter"));
}

TEST_F(ReleaseServiceTest, CanceledWriteChangesNothing) {
  BlockNextWrite();
  std::thread first([&] { EXPECT_THAT(Publish(1), IsOk()); });
  write_blocked_.WaitForNotification();
  // Waits behind the first write until its deadline.
  const auto stub = NewStub();
  grpc::ClientContext context;
  context.set_deadline(
      absl::ToChronoTime(absl::Now() + absl::Milliseconds(200)));
  Cell cell;
  EXPECT_EQ(
      stub->PublishPayload(&context, TestPublication(2), &cell).error_code(),
      grpc::StatusCode::DEADLINE_EXCEEDED);
  // This call uses the same connection, so once it is answered, the server has
  // also received the cancellation.
  grpc::ClientContext get_context;
  EXPECT_EQ(stub->GetCell(&get_context, {}, &cell).error_code(),
            grpc::StatusCode::NOT_FOUND);
  unblock_write_.Notify();
  first.join();
  // This write follows the canceled one in the queue.
  ASSERT_THAT(client_->PlanCells({TestPlan(3)}), IsOk());
  EXPECT_THAT(client_->GetCell(TestId(2)),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(ReleaseServiceTest, OversizedRequestIsRefused) {
  EXPECT_THAT(client_->GetCell(std::string(17 << 20, 'x')),
              StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST_F(ReleaseServiceTest, OversizedProofIsRefused) {
  const release::v1::PublishPayloadRequest request = OversizedPublication(1);
  EXPECT_EQ(client_->PublishPayload(request).status(),
            InvalidFieldError(
                "payload", absl::StrCat("is ", request.payload().ByteSizeLong(),
                                        " bytes long; the limit is 262144")));
  EXPECT_THAT(client_->GetCell(TestId(1)),
              StatusIs(absl::StatusCode::kNotFound));
}

// By default, gRPC clients refuse messages larger than 4 MiB.  Versions without
// the limit may have stored such a proof.
TEST_F(ReleaseServiceTest, CellWithAStoredOversizedProofIsReadable) {
  Stop();
  {
    GANTRY_ASSERT_OK_AND_ASSIGN(const auto store,
                                CellStore::Open(database_.path()));
    ASSERT_THAT(Apply(*store, service::PublishPayload, OversizedPublication(1)),
                IsOk());
  }
  Start();
  const auto stub = NewStub();
  release::v1::GetCellRequest get;
  get.set_id(TestId(1));
  Cell cell;
  grpc::ClientContext get_context;
  ASSERT_THAT(FromGrpcStatus(stub->GetCell(&get_context, get, &cell)), IsOk());
  EXPECT_EQ(cell.payload().digest(), Sha256Digest("payload"));
  EXPECT_FALSE(cell.payload().has_proof());

  release::v1::ListCellsResponse list;
  grpc::ClientContext list_context;
  ASSERT_THAT(FromGrpcStatus(stub->ListCells(&list_context, {}, &list)),
              IsOk());
  EXPECT_THAT(list.cells(), SizeIs(1));

  release::v1::ResolveRequest node;
  node.set_os_release(TestCoordinates(1).os_release());
  release::v1::ResolveResponse resolved;
  grpc::ClientContext resolve_context;
  ASSERT_THAT(FromGrpcStatus(stub->Resolve(&resolve_context, node, &resolved)),
              IsOk());
  EXPECT_EQ(resolved.cell().payload().digest(), Sha256Digest("payload"));
}

}  // namespace
}  // namespace gantry::service
