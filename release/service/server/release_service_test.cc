// The calls of ReleaseService over a connection: what they change and return,
// and the errors that clients see.

#include "release/service/server/release_service.h"

#include <algorithm>
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
#include "base/message_digest.h"
#include "base/proto_time.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/attempt.pb.h"
#include "proto/cell.pb.h"
#include "proto/cell_plan.pb.h"
#include "proto/event.pb.h"
#include "proto/release_service.pb.h"
#include "proto/revision.pb.h"
#include "release/service/client/release_client.h"
#include "release/service/rpc_status/error_details.h"
#include "release/service/rpc_status/rpc_status.h"
#include "release/service/server/test_server.h"
#include "release/service/store/cell_store.h"
#include "release/service/store/mutations.h"
#include "release/service/store/test_store.h"
#include "tests/fixtures/test_cells.h"
#include "tests/fixtures/test_channels.h"

namespace gantry::service {
namespace {

using ::gantry::fixtures::TestCoordinates;
using ::gantry::fixtures::TestFragment;
using ::gantry::fixtures::TestHeadMove;
using ::gantry::fixtures::TestHeadReference;
using ::gantry::fixtures::TestId;
using ::gantry::fixtures::TestPlan;
using ::gantry::fixtures::TestRevision;
using ::gantry::release::v1::Attempt;
using ::gantry::release::v1::Cell;
using ::gantry::release::v1::LeaseReference;
using ::gantry::release::v1::RecordRevisionRequest;
using ::gantry::release::v1::RecordRevisionResponse;
using ::gantry::release::v1::Revision;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr auto kPlanned = release::v1::CELL_STATE_PLANNED;
constexpr auto kBuilt = release::v1::CELL_STATE_BUILT;
constexpr auto kFailed = release::v1::CELL_STATE_FAILED;
constexpr auto kRetired = release::v1::CELL_STATE_RETIRED;

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

LeaseReference MakeLease(int number, int64_t token) {
  LeaseReference lease;
  lease.set_id(TestId(number));
  lease.set_fencing_token(token);
  return lease;
}

RecordRevisionRequest OversizedPublication(int number) {
  RecordRevisionRequest request = TestRevision(number);
  request.mutable_payload()->mutable_proof()->set_reason(
      std::string(9 << 20, 'x'));
  return request;
}

// A plan of the cell with a recipe of this name.
release::v1::CellPlan PlanWithRecipe(int number, const std::string& recipe) {
  release::v1::CellPlan plan = TestPlan(number);
  auto& fragment = *plan.mutable_recipe()->add_fragments();
  fragment.set_kind("driver");
  fragment.set_name(recipe);
  plan.mutable_recipe()->set_digest(RecipeDigest(plan.recipe()));
  return plan;
}

class ReleaseServiceTest : public ReleaseServerTest {
 protected:
  static release::v1::ClaimCellsRequest ClaimRequest(
      const std::string& worker, absl::Duration lease = absl::Hours(1)) {
    release::v1::ClaimCellsRequest request;
    request.set_worker(worker);
    *request.mutable_lease_duration() = ToProtoDuration(lease);
    return request;
  }

  absl::StatusOr<std::vector<Cell>> Claim(
      const std::string& worker, absl::Duration lease = absl::Hours(1)) {
    return client_->ClaimCells(ClaimRequest(worker, lease));
  }

  // Claims the only claimable cell, and sets its lease.
  void ClaimOne(const std::string& worker, absl::Duration lease,
                LeaseReference& reference) {
    GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<Cell> cells,
                                Claim(worker, lease));
    ASSERT_THAT(cells, SizeIs(1));
    reference.set_id(cells[0].id());
    reference.set_fencing_token(cells[0].lease().fencing_token());
  }

  absl::StatusOr<Cell> Fail(const LeaseReference& lease,
                            release::v1::FailureClass failure_class =
                                release::v1::FAILURE_CLASS_DETERMINISTIC) {
    release::v1::FailAttemptRequest request;
    *request.mutable_lease() = lease;
    request.mutable_failure()->set_class_(failure_class);
    request.mutable_failure()->set_stage("compile");
    request.mutable_failure()->set_fingerprint("v1:compile:12");
    request.mutable_failure()->set_reason("no space");
    request.set_log_uri("https://ci.example/log");
    return client_->FailAttempt(request);
  }

  absl::StatusOr<Cell> Release(const LeaseReference& lease) {
    release::v1::ReleaseLeaseRequest request;
    *request.mutable_lease() = lease;
    request.set_reason("interrupted");
    return client_->ReleaseLease(request);
  }

  absl::StatusOr<RecordRevisionResponse> Publish(
      int number, const std::string& content = "payload", int64_t token = 0,
      const release::v1::CellPlan& plan = {}) {
    RecordRevisionRequest request = TestRevision(number, content, token);
    request.set_recipe_digest(plan.recipe().digest());
    return client_->RecordRevision(request);
  }

  std::vector<Attempt> Attempts(int number) {
    const auto response = client_->ListAttempts(TestId(number));
    EXPECT_THAT(response, IsOk());
    if (!response.ok()) return {};
    return {response->attempts().begin(), response->attempts().end()};
  }

  std::vector<Revision> Revisions(int number) {
    const auto response = client_->ListRevisions(TestId(number));
    EXPECT_THAT(response, IsOk());
    if (!response.ok()) return {};
    return {response->revisions().begin(), response->revisions().end()};
  }
};

TEST_F(ReleaseServiceTest, ClaimedCellIsBuiltOrFails) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<Cell> planned,
                              client_->PlanCells({TestPlan(1), TestPlan(2)}));
  EXPECT_THAT(planned, ElementsAre(HasState(kPlanned), HasState(kPlanned)));
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<Cell> claimed,
                              Claim("worker-1"));
  ASSERT_THAT(claimed, SizeIs(2));
  const int64_t first = claimed[0].lease().fencing_token();
  const int64_t second = claimed[1].lease().fencing_token();
  EXPECT_LT(first, second);
  EXPECT_THAT(Claim("worker-2"), IsOkAndHolds(IsEmpty()));

  GANTRY_ASSERT_OK_AND_ASSIGN(const Cell failed, Fail(MakeLease(1, first)));
  EXPECT_EQ(failed.state(), kFailed);
  EXPECT_EQ(failed.reason(), "no space");
  EXPECT_EQ(failed.failure().fingerprint(), "v1:compile:12");
  EXPECT_EQ(failed.log_uri(), "https://ci.example/log");
  GANTRY_ASSERT_OK_AND_ASSIGN(const RecordRevisionResponse built,
                              Publish(2, "payload", second));
  EXPECT_EQ(built.cell().state(), kBuilt);
  EXPECT_EQ(built.outcome(), release::v1::ATTEMPT_OUTCOME_BUILT);
  EXPECT_EQ(built.revision(), 1);
  EXPECT_THAT(client_->GetCell(TestId(2)),
              IsOkAndHolds(IsSameCell(built.cell())));
}

TEST_F(ReleaseServiceTest, SharedServiceRecordsNoFilesOfOneMachine) {
  RecordRevisionRequest revision = TestRevision(1, "payload", 0);
  const std::string digest = revision.payload().digest();
  revision.mutable_payload()->set_reference("oci:/srv/oci@" + digest);
  EXPECT_THAT(client_->RecordRevision(revision),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("payload.reference: is a directory of one "
                                 "machine; publish to a registry")));

  ASSERT_THAT(client_->PlanCells({TestPlan(1)}), IsOk());
  release::v1::FailAttemptRequest failure;
  ASSERT_NO_FATAL_FAILURE(
      ClaimOne("worker", absl::Minutes(1), *failure.mutable_lease()));
  failure.mutable_failure()->set_class_(
      release::v1::FAILURE_CLASS_DETERMINISTIC);
  failure.mutable_failure()->set_reason("no space");
  failure.set_log_uri("file:///log");
  EXPECT_THAT(client_->FailAttempt(failure),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("log_uri: is a file of one machine")));
  failure.clear_log_uri();
  EXPECT_THAT(client_->FailAttempt(failure), IsOk());
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

TEST_F(ReleaseServiceTest, ExcludedAndRetiredCellsStayResolvable) {
  ASSERT_THAT(client_->PlanCells({TestPlan(1)}), IsOk());
  ASSERT_THAT(Publish(1), IsOk());
  release::v1::ResolveRequest node;
  node.set_os_release(TestCoordinates(1).os_release());
  const auto expect_resolvable = [&](release::v1::CellState state) {
    const auto found = client_->Resolve(node);
    ASSERT_THAT(found, IsOk());
    EXPECT_EQ(found->cell().state(), state);
    EXPECT_EQ(found->cell().payload().digest(), Sha256Digest("payload"));
  };

  release::v1::CellPlan excluded = TestPlan(1);
  excluded.set_exclusion_reason("not used");
  ASSERT_THAT(client_->PlanCells({excluded}), IsOk());
  expect_resolvable(release::v1::CELL_STATE_EXCLUDED);

  release::v1::RetireCellsRequest retirement;
  retirement.set_plan_id("later");
  retirement.add_channels("6.1-cloud");
  GANTRY_ASSERT_OK_AND_ASSIGN(const auto retired,
                              client_->RetireCells(retirement));
  EXPECT_THAT(retired.ids(), ElementsAre(TestId(1)));
  expect_resolvable(kRetired);
}

TEST_F(ReleaseServiceTest, UnknownCellIsNotFound) {
  const LeaseReference lease = MakeLease(9, 1);
  for (const absl::Status& status :
       {client_->GetCell(TestId(9)).status(),
        client_->ListRevisions(TestId(9)).status(),
        client_->ListAttempts(TestId(9)).status(),
        client_->RetryCell(TestId(9)).status(), Fail(lease).status(),
        Release(lease).status()}) {
    EXPECT_THAT(status,
                StatusIs(absl::StatusCode::kNotFound,
                         absl::StrCat("cell \"", TestId(9),
                                      "\" is neither planned nor built")));
    EXPECT_EQ(GetDetail<google::rpc::ResourceInfo>(status)->resource_name(),
              TestId(9));
  }
}

TEST_F(ReleaseServiceTest, RecordingTheSameContentAgainChangesNothing) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const RecordRevisionResponse recorded,
                              Publish(1));
  AdvanceClock(absl::Minutes(1));
  GANTRY_ASSERT_OK_AND_ASSIGN(const RecordRevisionResponse again, Publish(1));
  EXPECT_EQ(again.SerializeAsString(), recorded.SerializeAsString());
  EXPECT_THAT(Revisions(1), SizeIs(1));
}

TEST_F(ReleaseServiceTest, OtherContentBecomesTheNextRevision) {
  ASSERT_THAT(Publish(1, "first"), IsOk());
  GANTRY_ASSERT_OK_AND_ASSIGN(const RecordRevisionResponse second,
                              Publish(1, "second"));
  EXPECT_EQ(second.revision(), 2);
  EXPECT_EQ(second.cell().revision(), 2);
  EXPECT_EQ(second.cell().payload().digest(), Sha256Digest("second"));
  EXPECT_THAT(client_->GetCell(TestId(1)),
              IsOkAndHolds(IsSameCell(second.cell())));

  // Newest first, without proofs.
  const std::vector<Revision> revisions = Revisions(1);
  ASSERT_THAT(revisions, SizeIs(2));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(revisions[i].number(), 2 - i);
    EXPECT_EQ(revisions[i].cell_id(), TestId(1));
    EXPECT_EQ(revisions[i].content_digest(),
              Sha256Digest(i == 0 ? "second" : "first"));
    EXPECT_EQ(revisions[i].payload().digest(), revisions[i].content_digest());
    EXPECT_FALSE(revisions[i].payload().has_proof());
  }
}

TEST_F(ReleaseServiceTest, RecipeThatGivesTheSameContentIsAddedToTheRevision) {
  const release::v1::CellPlan first = PlanWithRecipe(1, "first");
  const release::v1::CellPlan second = PlanWithRecipe(1, "second");
  ASSERT_THAT(client_->PlanCells({first}), IsOk());
  ASSERT_THAT(Publish(1, "payload", 0, first), IsOk());
  EXPECT_THAT(client_->PlanCells({first}),
              IsOkAndHolds(ElementsAre(HasState(kBuilt))));
  EXPECT_THAT(client_->PlanCells({second}),
              IsOkAndHolds(ElementsAre(HasState(kPlanned))));
  GANTRY_ASSERT_OK_AND_ASSIGN(const RecordRevisionResponse confirmed,
                              Publish(1, "payload", 0, second));
  EXPECT_EQ(confirmed.revision(), 1);
  EXPECT_EQ(confirmed.cell().state(), kBuilt);
  const std::vector<Revision> revisions = Revisions(1);
  ASSERT_THAT(revisions, SizeIs(1));
  EXPECT_THAT(revisions[0].recipe_digests(),
              ElementsAre(first.recipe().digest(), second.recipe().digest()));
}

TEST_F(ReleaseServiceTest, ConcurrentPublishersRecordRevisionsWithoutGaps) {
  for (int number = 0; number < 20; ++number) {
    std::vector<std::thread> publishers;
    std::vector<int> revisions(8);
    for (int i = 0; i < 8; ++i) {
      publishers.emplace_back([&, i] {
        const auto response = Publish(number, absl::StrCat(i));
        EXPECT_THAT(response, IsOk());
        if (response.ok()) revisions[i] = response->revision();
      });
    }
    for (std::thread& publisher : publishers) publisher.join();
    EXPECT_THAT(revisions, UnorderedElementsAre(1, 2, 3, 4, 5, 6, 7, 8));
    for (const Revision& revision : Revisions(number)) {
      EXPECT_EQ(
          revision.content_digest(),
          Sha256Digest(absl::StrCat(
              std::find(revisions.begin(), revisions.end(), revision.number()) -
              revisions.begin())));
    }
  }
}

TEST_F(ReleaseServiceTest, PayloadOfAnotherKernelOrRefusedIsNotRecorded) {
  RecordRevisionRequest request = TestRevision(1);
  request.mutable_payload()->mutable_proof()->set_accepted(false);
  request.mutable_payload()->mutable_proof()->set_reason("it crashed");
  const absl::Status refused = client_->RecordRevision(request).status();
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kFailedPrecondition,
                                absl::StrCat("the proof of ", TestId(1),
                                             " is not accepted: it crashed")));
  EXPECT_EQ(Reason(refused), "PROOF_NOT_ACCEPTED");

  request = TestRevision(1);
  request.mutable_payload()->mutable_proof()->set_kernel_release("6.6");
  EXPECT_EQ(Reason(client_->RecordRevision(request).status()),
            "PROOF_NOT_ACCEPTED");

  request = TestRevision(1);
  request.clear_modules();
  EXPECT_EQ(Reason(client_->RecordRevision(request).status()),
            "PROOF_NOT_ACCEPTED");

  request = TestRevision(1);
  auto& module = *request.add_modules();
  module.set_name("nvidia-uvm");
  module.set_digest(Sha256Digest("uvm"));
  EXPECT_THAT(client_->RecordRevision(request),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("it does not name nvidia-uvm")));
  EXPECT_THAT(client_->GetCell(TestId(1)),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(ReleaseServiceTest, ExcludedCellIsNotBuilt) {
  release::v1::CellPlan plan = TestPlan(1);
  plan.set_exclusion_reason("not used");
  ASSERT_THAT(client_->PlanCells({plan}), IsOk());
  EXPECT_THAT(Claim("worker"), IsOkAndHolds(IsEmpty()));
  const absl::Status refused = Publish(1).status();
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kFailedPrecondition,
                                TestId(1) + " is excluded: not used"));
  EXPECT_EQ(Reason(refused), "CELL_EXCLUDED");
}

TEST_F(ReleaseServiceTest, ClaimTakesTheHighestPriorityOfItsChannels) {
  std::vector<release::v1::CellPlan> plans;
  for (int number = 1; number <= 4; ++number) {
    plans.push_back(TestPlan(number));
    // Cells of one release and version are claimed together.
    plans.back().mutable_coordinates()->set_version(absl::StrCat(number));
    plans.back().set_channels(0, number == 3 ? "beta" : "stable");
    plans.back().set_priority(number);
  }
  ASSERT_THAT(client_->PlanCells(plans), IsOk());
  release::v1::ClaimCellsRequest request = ClaimRequest("worker");
  request.set_max_cells(2);
  request.add_channels("stable");
  request.add_channels("other");
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<Cell> claimed,
                              client_->ClaimCells(request));
  ASSERT_THAT(claimed, SizeIs(2));
  EXPECT_EQ(claimed[0].coordinates().version(), "4");
  EXPECT_EQ(claimed[1].coordinates().version(), "2");
}

TEST_F(ReleaseServiceTest, CellThatLeavesTheMatrixIsRetired) {
  ASSERT_THAT(client_->PlanCells({TestPlan(1), TestPlan(2)}, "plan-1"), IsOk());
  release::v1::CellPlan shared = TestPlan(3);
  shared.add_channels("stable");
  ASSERT_THAT(client_->PlanCells({shared}, "plan-1"), IsOk());
  ASSERT_THAT(client_->PlanCells({TestPlan(1)}, "plan-2"), IsOk());
  release::v1::RetireCellsRequest request;
  request.set_plan_id("plan-2");
  request.add_channels("6.1-cloud");
  GANTRY_ASSERT_OK_AND_ASSIGN(const auto response,
                              client_->RetireCells(request));
  EXPECT_THAT(response.ids(), ElementsAre(TestId(2)));
  GANTRY_ASSERT_OK_AND_ASSIGN(const Cell retired, client_->GetCell(TestId(2)));
  EXPECT_EQ(retired.state(), kRetired);
  EXPECT_EQ(retired.reason(), "the matrix no longer has it");
  GANTRY_ASSERT_OK_AND_ASSIGN(const Cell left, client_->GetCell(TestId(3)));
  EXPECT_EQ(left.state(), kPlanned);
  EXPECT_THAT(left.channels(), ElementsAre("stable"));

  release::v1::ClaimCellsRequest claim = ClaimRequest("worker");
  claim.add_ids(TestId(2));
  EXPECT_THAT(client_->ClaimCells(claim), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(client_->PlanCells({TestPlan(2)}, "plan-3"),
              IsOkAndHolds(ElementsAre(HasState(kPlanned))));
}

TEST_F(ReleaseServiceTest, RepeatedRequestGetsTheFirstResponse) {
  ASSERT_THAT(client_->PlanCells({TestPlan(1), TestPlan(2)}), IsOk());
  release::v1::ClaimCellsRequest claim = ClaimRequest("worker");
  claim.set_request_id("claim");
  claim.set_max_cells(1);
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<Cell> first,
                              client_->ClaimCells(claim));
  ASSERT_THAT(first, SizeIs(1));
  AdvanceClock(absl::Hours(23));
  Stop();
  Start();
  EXPECT_THAT(client_->ClaimCells(claim),
              IsOkAndHolds(ElementsAre(IsSameCell(first[0]))));
  claim.set_request_id("another claim");
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<Cell> second,
                              client_->ClaimCells(claim));
  ASSERT_THAT(second, SizeIs(1));
  EXPECT_NE(second[0].lease().fencing_token(),
            first[0].lease().fencing_token());
}

TEST_F(ReleaseServiceTest, RepeatedRequestsOfEachKindChangeNothingTwice) {
  ASSERT_THAT(client_->PlanCells({TestPlan(1)}), IsOk());
  const auto events = [&] {
    const auto response = client_->ListEvents({});
    EXPECT_THAT(response, IsOk());
    return response.ok() ? response->events_size() : -1;
  };
  // Makes a request twice.
  const auto expect_once = [&](const std::string& id, const auto& call) {
    const auto first = call(id);
    ASSERT_THAT(first, IsOk());
    const int after_first = events();
    const auto second = call(id);
    ASSERT_THAT(second, IsOk());
    EXPECT_EQ(second->SerializeAsString(), first->SerializeAsString()) << id;
    EXPECT_EQ(events(), after_first) << id;
  };
  LeaseReference lease;
  ClaimOne("worker", absl::Hours(1), lease);
  expect_once("release", [&](const std::string& id) {
    release::v1::ReleaseLeaseRequest request;
    *request.mutable_lease() = lease;
    request.set_request_id(id);
    return client_->ReleaseLease(request);
  });
  ClaimOne("worker", absl::Hours(1), lease);
  expect_once("fail", [&](const std::string& id) {
    release::v1::FailAttemptRequest request;
    *request.mutable_lease() = lease;
    request.mutable_failure()->set_class_(
        release::v1::FAILURE_CLASS_DETERMINISTIC);
    request.mutable_failure()->set_reason("no space");
    request.set_request_id(id);
    return client_->FailAttempt(request);
  });
  ASSERT_THAT(client_->RetryCell(TestId(1)), IsOk());
  ClaimOne("worker", absl::Hours(1), lease);
  expect_once("record", [&](const std::string& id) {
    RecordRevisionRequest request =
        TestRevision(1, "payload", lease.fencing_token());
    request.set_request_id(id);
    return client_->RecordRevision(request);
  });
  expect_once("move", [&](const std::string& id) {
    auto request = TestHeadMove(0, {"4230.2.0"});
    request.set_request_id(id);
    return client_->MoveChannelHead(request);
  });
  expect_once("retire", [&](const std::string& id) {
    release::v1::RetireCellsRequest request;
    request.set_plan_id("later");
    request.add_channels("6.1-cloud");
    request.set_request_id(id);
    return client_->RetireCells(request);
  });
}

TEST_F(ReleaseServiceTest, RequestIdOfAnotherRequestIsRefused) {
  release::v1::ClaimCellsRequest claim = ClaimRequest("worker");
  claim.set_request_id("id");
  ASSERT_THAT(client_->ClaimCells(claim), IsOk());
  const absl::Status refused =
      InvalidFieldError("request_id", "belongs to another request");
  claim.set_worker("other");
  EXPECT_EQ(client_->ClaimCells(claim).status(), refused);
  RecordRevisionRequest revision = TestRevision(1);
  revision.set_request_id("id");
  EXPECT_EQ(client_->RecordRevision(revision).status(), refused);
  // It is forgotten with the first write after a day.
  AdvanceClock(absl::Hours(24) + absl::Microseconds(1));
  ASSERT_THAT(Publish(2), IsOk());
  EXPECT_THAT(client_->RecordRevision(revision), IsOk());
}

TEST_F(ReleaseServiceTest, RequestThatFailedIsTriedAgain) {
  release::v1::ReleaseLeaseRequest request;
  *request.mutable_lease() = MakeLease(1, 1);
  request.set_request_id("id");
  EXPECT_THAT(client_->ReleaseLease(request),
              StatusIs(absl::StatusCode::kNotFound));
  ASSERT_THAT(client_->PlanCells({TestPlan(1)}), IsOk());
  LeaseReference lease;
  ClaimOne("worker", absl::Hours(1), lease);
  ASSERT_EQ(lease.fencing_token(), 1);
  EXPECT_THAT(client_->ReleaseLease(request), IsOk());
}

TEST_F(ReleaseServiceTest, EventsAreListedInOrderWithoutProofs) {
  ASSERT_THAT(client_->PlanCells({TestPlan(1)}), IsOk());
  LeaseReference lease;
  ClaimOne("worker", absl::Hours(1), lease);
  RecordRevisionRequest request =
      TestRevision(1, "payload", lease.fencing_token());
  request.set_request_id("record");
  ASSERT_THAT(client_->RecordRevision(request), IsOk());

  std::vector<release::v1::Event> events;
  release::v1::ListEventsRequest page;
  page.set_page_size(2);
  while (true) {
    GANTRY_ASSERT_OK_AND_ASSIGN(const auto response, client_->ListEvents(page));
    if (response.events().empty()) break;
    EXPECT_LE(response.events_size(), 2);
    events.insert(events.end(), response.events().begin(),
                  response.events().end());
    page.set_after_sequence(events.back().sequence());
  }
  ASSERT_THAT(events, SizeIs(3));
  const release::v1::EventKind kinds[] = {release::v1::EVENT_KIND_PLANNED,
                                          release::v1::EVENT_KIND_CLAIMED,
                                          release::v1::EVENT_KIND_RECORDED};
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(events[i].sequence(), i + 1);
    EXPECT_EQ(events[i].kind(), kinds[i]);
    EXPECT_EQ(events[i].cell().id(), TestId(1));
    EXPECT_EQ(events[i].actor(), i == 0 ? "" : "worker");
    EXPECT_EQ(ToTime(events[i].time()), now_.load());
  }
  EXPECT_EQ(events[2].request_id(), "record");
  EXPECT_EQ(events[2].attempt().fencing_token(), lease.fencing_token());
  EXPECT_EQ(events[2].revision().payload().digest(), Sha256Digest("payload"));
  EXPECT_FALSE(events[2].revision().payload().has_proof());
}

TEST_F(ReleaseServiceTest, EventsSayHowACellLeftTheMatrix) {
  ASSERT_THAT(client_->PlanCells({TestPlan(1)}), IsOk());
  release::v1::CellPlan excluded = TestPlan(1);
  excluded.set_exclusion_reason("not used");
  ASSERT_THAT(client_->PlanCells({excluded}), IsOk());
  release::v1::RetireCellsRequest retirement;
  retirement.set_plan_id("later");
  retirement.add_channels("6.1-cloud");
  ASSERT_THAT(client_->RetireCells(retirement), IsOk());
  GANTRY_ASSERT_OK_AND_ASSIGN(const auto response, client_->ListEvents({}));
  ASSERT_THAT(response.events(), SizeIs(3));
  EXPECT_EQ(response.events(0).kind(), release::v1::EVENT_KIND_PLANNED);
  EXPECT_EQ(response.events(1).kind(), release::v1::EVENT_KIND_EXCLUDED);
  EXPECT_EQ(response.events(2).kind(), release::v1::EVENT_KIND_RETIRED);
}

class LeaseTest : public ReleaseServiceTest {
 protected:
  void SetUp() override {
    ReleaseServiceTest::SetUp();
    ASSERT_THAT(client_->PlanCells({TestPlan(1)}), IsOk());
    ClaimOne("first", absl::Minutes(10), lease_);
  }

  absl::StatusOr<std::vector<LeaseReference>> Renew(absl::Duration duration) {
    release::v1::RenewLeasesRequest request;
    *request.add_leases() = MakeLease(9, 1);
    *request.add_leases() = lease_;
    *request.mutable_lease_duration() = ToProtoDuration(duration);
    return client_->RenewLeases(request);
  }

  LeaseReference lease_;
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
  EXPECT_GT(claimed[0].lease().fencing_token(), lease_.fencing_token());
  EXPECT_EQ(claimed[0].attempt_count(), 2);
  const std::vector<Attempt> attempts = Attempts(1);
  ASSERT_THAT(attempts, SizeIs(2));
  EXPECT_EQ(attempts[0].worker(), "other");
  EXPECT_FALSE(attempts[0].has_end_time());
  EXPECT_EQ(attempts[1].worker(), "first");
  EXPECT_EQ(attempts[1].outcome(), release::v1::ATTEMPT_OUTCOME_LOST);
  EXPECT_EQ(ToTime(attempts[1].end_time()), now_.load());
}

TEST_F(LeaseTest, FifthLostLeaseInARowParksTheCell) {
  for (int lost = 1; lost < 5; ++lost) {
    AdvanceClock(absl::Minutes(10));
    ClaimOne("worker", absl::Minutes(10), lease_);
  }
  AdvanceClock(absl::Minutes(10));
  EXPECT_THAT(Claim("worker"), IsOkAndHolds(IsEmpty()));
  GANTRY_ASSERT_OK_AND_ASSIGN(const Cell parked, client_->GetCell(TestId(1)));
  EXPECT_EQ(parked.state(), kFailed);
  EXPECT_FALSE(parked.has_next_attempt_time());
  EXPECT_EQ(parked.reason(), "the lease of worker expired without a result");
}

TEST_F(LeaseTest, TokenOfAnEarlierLeaseIsRefused) {
  AdvanceClock(absl::Minutes(10));
  LeaseReference other;
  ClaimOne("other", absl::Hours(1), other);
  const absl::Status status =
      Publish(1, "payload", lease_.fencing_token()).status();
  EXPECT_THAT(
      status,
      StatusIs(absl::StatusCode::kFailedPrecondition,
               absl::StrCat("fencing token ", lease_.fencing_token(), " of ",
                            TestId(1),
                            " is stale: the current lease, held by other, has "
                            "token ",
                            other.fencing_token())));
  for (const absl::Status& stale :
       {status, Fail(lease_).status(), Release(lease_).status()}) {
    EXPECT_THAT(stale, StatusIs(absl::StatusCode::kFailedPrecondition));
    EXPECT_EQ(Reason(stale), "STALE_FENCING_TOKEN");
  }
  EXPECT_THAT(Publish(1, "payload", other.fencing_token()), IsOk());
}

TEST_F(LeaseTest, RenewedLeaseExpiresLater) {
  AdvanceClock(absl::Minutes(9));
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<LeaseReference> renewed,
                              Renew(absl::Minutes(30)));
  ASSERT_THAT(renewed, SizeIs(1));
  EXPECT_EQ(renewed[0].SerializeAsString(), lease_.SerializeAsString());
  AdvanceClock(absl::Minutes(29));
  EXPECT_THAT(Claim("other"), IsOkAndHolds(IsEmpty()));
  AdvanceClock(absl::Minutes(1));
  EXPECT_THAT(Claim("other"), IsOkAndHolds(SizeIs(1)));
}

TEST_F(LeaseTest, ExpiredLeaseIsRenewedUnlessAnotherWorkerHasClaimedTheCell) {
  AdvanceClock(absl::Hours(1));
  EXPECT_THAT(Renew(absl::Minutes(10)), IsOkAndHolds(SizeIs(1)));
  EXPECT_THAT(Claim("other"), IsOkAndHolds(IsEmpty()));
  AdvanceClock(absl::Hours(1));
  EXPECT_THAT(Claim("other"), IsOkAndHolds(SizeIs(1)));
  EXPECT_THAT(Renew(absl::Minutes(10)), IsOkAndHolds(IsEmpty()));
}

TEST_F(LeaseTest, ReleasedAttemptDoesNotCount) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const Cell released, Release(lease_));
  EXPECT_EQ(released.state(), kPlanned);
  EXPECT_EQ(released.attempt_count(), 0);
  EXPECT_FALSE(released.has_lease());
  const std::vector<Attempt> attempts = Attempts(1);
  ASSERT_THAT(attempts, SizeIs(1));
  EXPECT_EQ(attempts[0].outcome(), release::v1::ATTEMPT_OUTCOME_RELEASED);
  EXPECT_EQ(attempts[0].failure().reason(), "interrupted");
  EXPECT_THAT(Claim("other"), IsOkAndHolds(SizeIs(1)));
}

TEST_F(LeaseTest, AttemptOfACellThatIsExcludedOrRetiredDoesNotCount) {
  release::v1::CellPlan excluded = TestPlan(1);
  excluded.set_exclusion_reason("not used");
  GANTRY_ASSERT_OK_AND_ASSIGN(std::vector<Cell> cells,
                              client_->PlanCells({excluded}));
  EXPECT_EQ(cells.at(0).attempt_count(), 0);
  EXPECT_EQ(Attempts(1).at(0).outcome(), release::v1::ATTEMPT_OUTCOME_RELEASED);

  ASSERT_THAT(client_->PlanCells({TestPlan(1)}), IsOk());
  ClaimOne("other", absl::Hours(1), lease_);
  release::v1::RetireCellsRequest retirement;
  retirement.set_plan_id("later");
  retirement.add_channels("6.1-cloud");
  ASSERT_THAT(client_->RetireCells(retirement), IsOk());
  GANTRY_ASSERT_OK_AND_ASSIGN(const Cell retired, client_->GetCell(TestId(1)));
  EXPECT_EQ(retired.state(), kRetired);
  EXPECT_EQ(retired.attempt_count(), 0);
  EXPECT_EQ(Attempts(1).at(0).outcome(), release::v1::ATTEMPT_OUTCOME_RELEASED);
  EXPECT_EQ(Reason(Publish(1, "payload", lease_.fencing_token()).status()),
            "STALE_FENCING_TOKEN");
}

TEST_F(LeaseTest, DeterministicFailureWaitsForAnotherRecipe) {
  ASSERT_THAT(Fail(lease_), IsOkAndHolds(HasState(kFailed)));
  AdvanceClock(absl::Hours(24 * 365));
  release::v1::ClaimCellsRequest claim = ClaimRequest("other");
  claim.set_include_waiting(true);
  EXPECT_THAT(client_->ClaimCells(claim), IsOkAndHolds(IsEmpty()));
  claim.add_ids(TestId(1));
  EXPECT_THAT(client_->ClaimCells(claim), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(client_->PlanCells({TestPlan(1)}),
              IsOkAndHolds(ElementsAre(HasState(kFailed))));

  const release::v1::CellPlan changed = PlanWithRecipe(1, "patched");
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<Cell> planned,
                              client_->PlanCells({changed}));
  EXPECT_THAT(planned, ElementsAre(HasState(kPlanned)));
  EXPECT_EQ(planned[0].reason(), "");
  EXPECT_FALSE(planned[0].has_failure());
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<Cell> claimed, Claim("other"));
  ASSERT_THAT(claimed, SizeIs(1));
  EXPECT_EQ(claimed[0].lease().recipe_digest(), changed.recipe().digest());
}

TEST_F(LeaseTest, RetriedCellCanBeClaimedAtOnce) {
  ASSERT_THAT(Fail(lease_), IsOk());
  EXPECT_THAT(client_->RetryCell(TestId(1)), IsOkAndHolds(HasState(kPlanned)));
  EXPECT_THAT(Claim("other"), IsOkAndHolds(SizeIs(1)));
  // Only failed cells change.
  EXPECT_THAT(client_->RetryCell(TestId(1)),
              IsOkAndHolds(HasState(release::v1::CELL_STATE_BUILDING)));
}

TEST_F(LeaseTest, FailureOfTheInfrastructureWaitsLongerEachTimeThenParks) {
  constexpr auto kClass = release::v1::FAILURE_CLASS_INFRASTRUCTURE;
  for (int minutes : {1, 2, 4, 8}) {
    GANTRY_ASSERT_OK_AND_ASSIGN(const Cell failed, Fail(lease_, kClass));
    EXPECT_EQ(ToTime(failed.next_attempt_time()),
              now_.load() + absl::Minutes(minutes));
    AdvanceClock(absl::Minutes(minutes) - absl::Microseconds(1));
    EXPECT_THAT(Claim("other"), IsOkAndHolds(IsEmpty()));
    AdvanceClock(absl::Microseconds(1));
    ClaimOne("other", absl::Hours(1), lease_);
  }
  GANTRY_ASSERT_OK_AND_ASSIGN(const Cell parked, Fail(lease_, kClass));
  EXPECT_FALSE(parked.has_next_attempt_time());
  AdvanceClock(absl::Hours(24 * 365));
  release::v1::ClaimCellsRequest claim = ClaimRequest("other");
  claim.set_include_waiting(true);
  EXPECT_THAT(client_->ClaimCells(claim), IsOkAndHolds(IsEmpty()));

  // Counts from the start after RetryCell.
  ASSERT_THAT(client_->RetryCell(TestId(1)), IsOk());
  ClaimOne("other", absl::Hours(1), lease_);
  GANTRY_ASSERT_OK_AND_ASSIGN(const Cell failed, Fail(lease_, kClass));
  EXPECT_EQ(ToTime(failed.next_attempt_time()), now_.load() + absl::Minutes(1));
}

TEST_F(LeaseTest, WaitingCellIsClaimedIfTheWorkerAsksForIt) {
  ASSERT_THAT(Fail(lease_, release::v1::FAILURE_CLASS_INFRASTRUCTURE), IsOk());
  release::v1::ClaimCellsRequest claim = ClaimRequest("other");
  claim.add_ids(TestId(1));
  EXPECT_THAT(client_->ClaimCells(claim), IsOkAndHolds(IsEmpty()));
  claim.set_include_waiting(true);
  EXPECT_THAT(client_->ClaimCells(claim), IsOkAndHolds(SizeIs(1)));
}

TEST_F(LeaseTest, AttemptsAreListedNewestFirst) {
  ASSERT_THAT(Fail(lease_), IsOk());
  ASSERT_THAT(client_->RetryCell(TestId(1)), IsOk());
  ClaimOne("second", absl::Hours(1), lease_);
  ASSERT_THAT(Publish(1, "payload", lease_.fencing_token()), IsOk());
  const std::vector<Attempt> attempts = Attempts(1);
  ASSERT_THAT(attempts, SizeIs(2));
  EXPECT_EQ(attempts[0].fencing_token(), lease_.fencing_token());
  EXPECT_EQ(attempts[0].outcome(), release::v1::ATTEMPT_OUTCOME_BUILT);
  EXPECT_EQ(attempts[0].revision(), 1);
  EXPECT_EQ(attempts[1].outcome(), release::v1::ATTEMPT_OUTCOME_FAILED);
  EXPECT_EQ(attempts[1].failure().reason(), "no space");
  EXPECT_EQ(attempts[1].log_uri(), "https://ci.example/log");
}

TEST_F(LeaseTest, LogOfAFailureIsReadableFromAnywhere) {
  const std::string log = std::string("line 1\nline 2 \xff\0", 16) +
                          std::string((1 << 20) - 16, 'x');
  release::v1::FailAttemptRequest request;
  *request.mutable_lease() = lease_;
  request.mutable_failure()->set_class_(
      release::v1::FAILURE_CLASS_DETERMINISTIC);
  request.mutable_failure()->set_reason("no space");
  request.set_log(log);
  ASSERT_THAT(client_->FailAttempt(request), IsOk());
  for (int64_t token : {int64_t{0}, lease_.fencing_token()}) {
    GANTRY_ASSERT_OK_AND_ASSIGN(const release::v1::GetLogResponse response,
                                client_->GetLog(TestId(1), token));
    EXPECT_EQ(response.log(), log);
    EXPECT_EQ(response.attempt().fencing_token(), lease_.fencing_token());
    EXPECT_EQ(response.attempt().log_digest(), Sha256Digest(log));
  }
  EXPECT_THAT(client_->GetLog(TestId(1), 99),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(client_->PruneLogs(now_.load()), IsOkAndHolds(0));
  AdvanceClock(absl::Seconds(1));
  EXPECT_THAT(client_->PruneLogs(now_.load()), IsOkAndHolds(1));
  EXPECT_THAT(client_->GetLog(TestId(1)),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(ReleaseServiceTest, AttemptsAreAtMostAbout2MiB) {
  ASSERT_THAT(client_->PlanCells({TestPlan(1)}), IsOk());
  for (int i = 0; i < 600; ++i) {
    LeaseReference lease;
    ClaimOne("worker", absl::Hours(1), lease);
    release::v1::ReleaseLeaseRequest request;
    *request.mutable_lease() = lease;
    request.set_reason(std::string(4096, 'x'));
    ASSERT_THAT(client_->ReleaseLease(request), IsOk());
  }
  const std::vector<Attempt> attempts = Attempts(1);
  EXPECT_LT(attempts.size(), 520u);
  EXPECT_GT(attempts.size(), 450u);
  EXPECT_EQ(attempts[0].fencing_token(), 600);
}

TEST_F(ReleaseServiceTest, FragmentsAreStoredAndReturned) {
  ASSERT_THAT(client_->PutFragments({TestFragment("a"), TestFragment("b")}),
              IsOk());
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const auto found,
      client_->GetFragments({Sha256Digest("b"), Sha256Digest("a")}));
  ASSERT_THAT(found, SizeIs(2));
  EXPECT_EQ(found[0].SerializeAsString(),
            TestFragment("b").SerializeAsString());
  EXPECT_EQ(found[1].content(), "a");
  EXPECT_THAT(client_->GetFragments({Sha256Digest("c")}),
              StatusIs(absl::StatusCode::kNotFound));
  // Events only name them.
  GANTRY_ASSERT_OK_AND_ASSIGN(const auto events, client_->ListEvents({}));
  ASSERT_THAT(events.events(), SizeIs(2));
  EXPECT_EQ(events.events(0).fragment().reference().digest(),
            Sha256Digest("a"));
  EXPECT_FALSE(events.events(0).fragment().has_sources());
  EXPECT_EQ(events.events(0).fragment().content(), "");
}

TEST_F(ReleaseServiceTest, HeadsMoveOnceAndGuardPlans) {
  EXPECT_THAT(client_->ListChannelHeads()->heads(), IsEmpty());
  ASSERT_THAT(client_->MoveChannelHead(TestHeadMove(0, {"4230.2.0"})), IsOk());
  const absl::Status moved =
      client_->MoveChannelHead(TestHeadMove(0, {"4230.3.0"})).status();
  EXPECT_TRUE(absl::IsAborted(moved));
  EXPECT_EQ(Reason(moved), "HEAD_MOVED");
  const absl::Status back =
      client_->MoveChannelHead(TestHeadMove(1, {"4152.2.0"})).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(back));
  EXPECT_EQ(Reason(back), "HEAD_ROLLBACK");
  GANTRY_ASSERT_OK_AND_ASSIGN(const auto heads, client_->ListChannelHeads());
  ASSERT_THAT(heads.heads(), SizeIs(1));
  EXPECT_EQ(heads.heads(0).version(), 1);

  EXPECT_THAT(client_->PlanCells({TestPlan(1)}, "plan", {TestHeadReference(2)}),
              StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(client_->PlanCells({TestPlan(1)}, "plan", {TestHeadReference(1)}),
              IsOk());
}

TEST_F(ReleaseServiceTest, OlderCheckoutPlansNothing) {
  release::v1::CellPlan plan = PlanWithRecipe(1, "a");
  auto& epoch = *plan.mutable_recipe()->add_epochs();
  epoch.set_stage("compile");
  epoch.set_epoch(2);
  plan.mutable_recipe()->set_digest(RecipeDigest(plan.recipe()));
  ASSERT_THAT(client_->PlanCells({plan}), IsOk());
  const absl::Status refused =
      client_->PlanCells({PlanWithRecipe(1, "a")}).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(refused));
  EXPECT_EQ(Reason(refused), "EPOCH_BEHIND");
}

TEST_F(ReleaseServiceTest, NamedLeaseHasOneHolder) {
  release::v1::AcquireLeaseRequest request;
  request.set_name("registry");
  request.set_worker("a");
  GANTRY_ASSERT_OK_AND_ASSIGN(const release::v1::NamedLease lease,
                              client_->AcquireLease(request));
  EXPECT_EQ(ToTime(lease.expire_time()), now_.load() + absl::Minutes(10));
  request.set_worker("b");
  const absl::Status held = client_->AcquireLease(request).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(held));
  EXPECT_EQ(Reason(held), "LEASE_HELD");
  EXPECT_EQ(ToDuration(GetDetail<google::rpc::RetryInfo>(held)->retry_delay()),
            absl::Minutes(10));
  ASSERT_THAT(client_->ReleaseNamedLease("registry", "a"), IsOk());
  EXPECT_THAT(client_->AcquireLease(request), IsOk());
}

TEST_F(ReleaseServiceTest, PrunedRevisionIsNotOffered) {
  ASSERT_THAT(client_->PlanCells({TestPlan(1)}), IsOk());
  ASSERT_THAT(Publish(1, "first"), IsOk());
  ASSERT_THAT(Publish(1, "second"), IsOk());
  GANTRY_ASSERT_OK_AND_ASSIGN(const Revision pruned,
                              client_->PruneRevision(TestId(1), 1));
  EXPECT_TRUE(pruned.has_prune_time());
  const absl::Status refused = client_->PruneRevision(TestId(1), 2).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(refused));
  EXPECT_EQ(Reason(refused), "REVISION_IN_USE");

  release::v1::RetireCellsRequest retirement;
  retirement.set_plan_id("later");
  retirement.add_channels("6.1-cloud");
  ASSERT_THAT(client_->RetireCells(retirement), IsOk());
  release::v1::ResolveRequest node;
  node.set_os_release(TestCoordinates(1).os_release());
  EXPECT_EQ(client_->Resolve(node)->cell().payload().digest(),
            Sha256Digest("second"));
  ASSERT_THAT(client_->PruneRevision(TestId(1), 2), IsOk());
  GANTRY_ASSERT_OK_AND_ASSIGN(const release::v1::ResolveResponse resolved,
                              client_->Resolve(node));
  EXPECT_THAT(resolved.no_payload().reason(),
              HasSubstr(TestId(1) + " is retired: "));
  EXPECT_THAT(client_->PruneRevision(TestId(1), 3),
              StatusIs(absl::StatusCode::kNotFound));
}

// A cell whose recipe has given the content "first".
class IrreproducibleTest : public ReleaseServiceTest {
 protected:
  void SetUp() override {
    ReleaseServiceTest::SetUp();
    ASSERT_THAT(client_->PlanCells({plan_}), IsOk());
    ASSERT_THAT(Publish(1, "first", 0, plan_), IsOk());
  }

  const release::v1::CellPlan plan_ = PlanWithRecipe(1, "recipe");
};

TEST_F(IrreproducibleTest, FirstContentOfARecipeStays) {
  // Another recipe is wanted, and then the first one again.
  ASSERT_THAT(client_->PlanCells({PlanWithRecipe(1, "other")}), IsOk());
  LeaseReference lease;
  ClaimOne("worker", absl::Hours(1), lease);
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const RecordRevisionResponse response,
      Publish(1, "second", lease.fencing_token(), plan_));
  EXPECT_EQ(response.outcome(), release::v1::ATTEMPT_OUTCOME_IRREPRODUCIBLE);
  EXPECT_EQ(response.revision(), 1);
  EXPECT_EQ(response.cell().payload().digest(), Sha256Digest("first"));
  EXPECT_FALSE(response.cell().has_lease());
  EXPECT_THAT(Revisions(1), SizeIs(1));
  const Attempt attempt = Attempts(1).at(0);
  EXPECT_EQ(attempt.outcome(), release::v1::ATTEMPT_OUTCOME_IRREPRODUCIBLE);
  EXPECT_EQ(attempt.revision(), 1);
  EXPECT_EQ(attempt.failure().reason(),
            absl::StrCat("the recipe gave content ", Sha256Digest("second"),
                         ", but ", Sha256Digest("first"), " in revision 1"));
}

TEST_F(IrreproducibleTest, ReportWithoutALeaseNamesTheFirstRevision) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const RecordRevisionResponse response,
                              Publish(1, "second", 0, plan_));
  EXPECT_EQ(response.outcome(), release::v1::ATTEMPT_OUTCOME_IRREPRODUCIBLE);
  EXPECT_EQ(response.revision(), 1);
}

TEST_F(IrreproducibleTest, ReportWithoutALeaseDoesNotPlanARetiredCell) {
  release::v1::RetireCellsRequest retirement;
  retirement.set_plan_id("later");
  retirement.add_channels("6.1-cloud");
  ASSERT_THAT(client_->RetireCells(retirement), IsOk());
  GANTRY_ASSERT_OK_AND_ASSIGN(const RecordRevisionResponse response,
                              Publish(1, "second", 0, plan_));
  EXPECT_EQ(response.cell().state(), kRetired);
}

TEST_F(IrreproducibleTest, ReportWithoutALeaseDoesNotRetryAFailedCell) {
  ASSERT_THAT(client_->PlanCells({PlanWithRecipe(1, "other")}), IsOk());
  LeaseReference lease;
  ClaimOne("worker", absl::Hours(1), lease);
  ASSERT_THAT(Fail(lease), IsOk());
  GANTRY_ASSERT_OK_AND_ASSIGN(const RecordRevisionResponse response,
                              Publish(1, "second", 0, plan_));
  EXPECT_EQ(response.cell().state(), kFailed);
  EXPECT_EQ(response.cell().reason(), "no space");
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
  RecordRevisionResponse response;
  EXPECT_EQ(
      stub->RecordRevision(&context, TestRevision(2), &response).error_code(),
      grpc::StatusCode::DEADLINE_EXCEEDED);
  // This call uses the same connection, so once it is answered, the server has
  // also received the cancellation.
  grpc::ClientContext get_context;
  Cell cell;
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
  const release::v1::RecordRevisionRequest request = OversizedPublication(1);
  EXPECT_EQ(client_->RecordRevision(request).status(),
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
    ASSERT_THAT(Apply(*store, service::RecordRevision, OversizedPublication(1)),
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
