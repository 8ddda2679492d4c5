// What requests of nodes that are in vain change.

#include <string>
#include <vector>

#include "base/cell_name.h"
#include "base/message_digest.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/attempt.pb.h"
#include "proto/cell.pb.h"
#include "proto/cell_plan.pb.h"
#include "proto/no_payload.pb.h"
#include "proto/release_service.pb.h"
#include "release/service/client/release_client.h"
#include "release/service/server/test_server.h"
#include "tests/fixtures/test_cells.h"

namespace gantry::service {
namespace {

using ::gantry::release::v1::Cell;
using ::gantry::release::v1::CellPlan;
using ::gantry::release::v1::NoPayload;
using ::testing::HasSubstr;

CellPlan PlanOf(const std::string& os_release) {
  CellPlan plan = fixtures::TestPlan(1);
  plan.mutable_coordinates()->set_os_release(os_release);
  plan.mutable_coordinates()->clear_kernel_release();
  plan.mutable_recipe()->add_fragments()->set_kind("driver");
  plan.mutable_recipe()->set_digest(RecipeDigest(plan.recipe()));
  return plan;
}

std::string IdOf(const std::string& os_release) {
  return CellId(PlanOf(os_release).coordinates());
}

class DemandTest : public ReleaseServerTest {
 protected:
  void Plan(const std::vector<std::string>& os_releases) {
    std::vector<CellPlan> plans;
    for (const std::string& os_release : os_releases) {
      plans.push_back(PlanOf(os_release));
    }
    EXPECT_THAT(client_->PlanCells(plans), IsOk());
  }

  // The id of the cell that is to be built first.
  std::string ClaimFirst() {
    release::v1::ClaimCellsRequest request;
    request.set_worker("worker");
    request.set_max_cells(1);
    const auto cells = client_->ClaimCells(request);
    EXPECT_THAT(cells, IsOk());
    return cells->empty() ? "" : cells->front().id();
  }

  void Fail(const std::string& os_release) {
    release::v1::ClaimCellsRequest claim;
    claim.set_worker("worker");
    claim.add_ids(IdOf(os_release));
    GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<Cell> claimed,
                                client_->ClaimCells(claim));
    release::v1::FailAttemptRequest request;
    request.mutable_lease()->set_id(IdOf(os_release));
    request.mutable_lease()->set_fencing_token(
        claimed.at(0).lease().fencing_token());
    auto& failure = *request.mutable_failure();
    failure.set_class_(release::v1::FAILURE_CLASS_DETERMINISTIC);
    failure.set_stage("compile");
    failure.set_fingerprint("v1:compile:0");
    failure.set_reason("nv.c:1:2: error: no");
    EXPECT_THAT(client_->FailAttempt(request), IsOk());
  }

  NoPayload AskInVain(const std::string& os_release) {
    release::v1::ResolveRequest request;
    request.set_os_release(os_release);
    const auto response = client_->Resolve(request);
    EXPECT_THAT(response, IsOk());
    EXPECT_TRUE(response->has_no_payload());
    return response->no_payload();
  }

  Cell Get(const std::string& os_release) {
    return client_->GetCell(IdOf(os_release)).value_or(Cell());
  }

  // The server writes demand before it ends.
  void Restart() {
    Stop();
    Start();
  }
};

TEST_F(DemandTest, WhatNodesAskForIsBuiltFirst) {
  Plan({"flatcar-1", "flatcar-2", "flatcar-3"});
  AskInVain("flatcar-2");
  AskInVain("flatcar-3");
  AskInVain("flatcar-3");
  Restart();
  EXPECT_EQ(Get("flatcar-1").demand(), 0);
  EXPECT_EQ(Get("flatcar-2").demand(), 1);
  EXPECT_EQ(Get("flatcar-3").demand(), 2);
  EXPECT_EQ(ClaimFirst(), IdOf("flatcar-3"));
  EXPECT_EQ(ClaimFirst(), IdOf("flatcar-2"));
  EXPECT_EQ(ClaimFirst(), IdOf("flatcar-1"));
}

TEST_F(DemandTest, CellsThatAreBuiltOrFailedAreAskedForToo) {
  Plan({"flatcar-1", "flatcar-2"});
  Fail("flatcar-1");
  EXPECT_EQ(ClaimFirst(), IdOf("flatcar-2"));
  EXPECT_EQ(AskInVain("flatcar-1").cause(), NoPayload::CAUSE_FAILED);
  EXPECT_EQ(AskInVain("flatcar-2").cause(), NoPayload::CAUSE_BUILDING);
  Restart();
  EXPECT_EQ(Get("flatcar-1").demand(), 1);
  EXPECT_EQ(Get("flatcar-2").demand(), 1);
}

TEST_F(DemandTest, RequestsThatNoCellWouldFitAreNotCounted) {
  CellPlan excluded = PlanOf("flatcar-1");
  excluded.set_exclusion_reason("too old");
  EXPECT_THAT(client_->PlanCells({excluded}), IsOk());
  EXPECT_EQ(AskInVain("flatcar-1").cause(), NoPayload::CAUSE_EXCLUDED);
  // The nearest cell is of another release.
  EXPECT_EQ(AskInVain("flatcar-11").nearest().id(), IdOf("flatcar-1"));
  Restart();
  EXPECT_EQ(Get("flatcar-1").demand(), 0);
}

TEST_F(DemandTest, RequestLiftsBlockedOnce) {
  Plan({"flatcar-1", "flatcar-2", "flatcar-3", "flatcar-4"});
  Fail("flatcar-1");
  Fail("flatcar-2");
  ASSERT_EQ(Get("flatcar-3").state(), release::v1::CELL_STATE_BLOCKED);
  const NoPayload none = AskInVain("flatcar-3");
  EXPECT_EQ(none.cause(), NoPayload::CAUSE_PLANNED);
  EXPECT_THAT(none.reason(), HasSubstr("; asking the service for it lifts"));
  Restart();
  EXPECT_EQ(Get("flatcar-3").state(), release::v1::CELL_STATE_PLANNED);
  EXPECT_EQ(ClaimFirst(), IdOf("flatcar-3"));
  release::v1::FailAttemptRequest request;
  request.mutable_lease()->set_id(IdOf("flatcar-3"));
  request.mutable_lease()->set_fencing_token(
      Get("flatcar-3").lease().fencing_token());
  request.mutable_failure()->set_class_(
      release::v1::FAILURE_CLASS_DETERMINISTIC);
  request.mutable_failure()->set_reason("no");
  EXPECT_THAT(client_->FailAttempt(request), IsOk());
  AskInVain("flatcar-3");
  Restart();
  // It failed by itself, which no request changes.
  EXPECT_EQ(Get("flatcar-3").state(), release::v1::CELL_STATE_FAILED);
  EXPECT_EQ(Get("flatcar-3").demand(), 2);
}

}  // namespace
}  // namespace gantry::service
