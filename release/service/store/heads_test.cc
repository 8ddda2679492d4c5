#include "release/service/store/heads.h"

#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/digest.h"
#include "base/proto_time.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/channel_head.pb.h"
#include "proto/matrix.pb.h"
#include "proto/release_service.pb.h"
#include "release/service/rpc_status/error_details.h"
#include "release/service/store/cell_store.h"
#include "release/service/store/mutations.h"
#include "release/service/store/test_store.h"
#include "tests/fixtures/test_cells.h"
#include "tests/fixtures/test_channels.h"

namespace gantry::service {
namespace {

using ::gantry::fixtures::TestHeadMove;
using ::gantry::fixtures::TestHeadReference;
using ::gantry::release::v1::ChannelHead;
using ::gantry::release::v1::MoveChannelHeadRequest;
using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::Property;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

class HeadsTest : public testing::Test {
 protected:
  void SetUp() override {
    CellStoreOptions options;
    options.clock = [] { return kNow; };
    GANTRY_ASSERT_OK_AND_ASSIGN(store_,
                                CellStore::Open(database_.path(), options));
  }

  absl::StatusOr<ChannelHead> Move(const MoveChannelHeadRequest& request) {
    return Apply(*store_, MoveChannelHead, request);
  }

  size_t CountEvents() {
    const auto events = store_->ListEvents(0, 1000, 1 << 30);
    EXPECT_THAT(events, IsOk());
    return events->size();
  }

  const TestDatabase database_;
  std::unique_ptr<CellStore> store_;
};

TEST_F(HeadsTest, VersionsCountTheMoves) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const ChannelHead first,
                              Move(TestHeadMove(0, {"4152.2.0"})));
  EXPECT_EQ(first.version(), 1);
  EXPECT_EQ(ToTime(first.update_time()), kNow);
  GANTRY_ASSERT_OK_AND_ASSIGN(const ChannelHead second,
                              Move(TestHeadMove(1, {"4230.2.0", "4152.2.0"})));
  EXPECT_EQ(second.version(), 2);
  EXPECT_THAT(second.releases(), SizeIs(2));
  GANTRY_ASSERT_OK_AND_ASSIGN(const auto heads, store_->ListHeads());
  ASSERT_THAT(heads, SizeIs(1));
  EXPECT_EQ(heads[0].SerializeAsString(), second.SerializeAsString());
}

TEST_F(HeadsTest, EqualHeadIsReturnedWhateverTheVersion) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const ChannelHead head,
                              Move(TestHeadMove(0, {"4152.2.0"})));
  for (int64_t version : {0, 1, 7}) {
    GANTRY_ASSERT_OK_AND_ASSIGN(const ChannelHead again,
                                Move(TestHeadMove(version, {"4152.2.0"})));
    EXPECT_EQ(again.SerializeAsString(), head.SerializeAsString());
  }
  EXPECT_EQ(CountEvents(), 1u);
}

TEST_F(HeadsTest, AnotherPlanOfTheSameReleasesMovesTheHead) {
  ASSERT_THAT(Move(TestHeadMove(0, {"4152.2.0"}, "a")), IsOk());
  EXPECT_THAT(Move(TestHeadMove(0, {"4152.2.0"}, "b")),
              StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(Move(TestHeadMove(1, {"4152.2.0"}, "b")),
              IsOkAndHolds(Property(&ChannelHead::version, 2)));
}

TEST_F(HeadsTest, OtherVersionThanTheCurrentOneIsAborted) {
  ASSERT_THAT(Move(TestHeadMove(0, {"4152.2.0"})), IsOk());
  for (int64_t version : {0, 2}) {
    const auto moved = Move(TestHeadMove(version, {"4230.2.0"}));
    EXPECT_TRUE(absl::IsAborted(moved.status()));
    const auto info = GetDetail<google::rpc::ErrorInfo>(moved.status());
    ASSERT_TRUE(info.has_value());
    EXPECT_EQ(info->reason(), "HEAD_MOVED");
    EXPECT_THAT(
        info->metadata(),
        UnorderedElementsAre(Pair("family", "FAMILY_FLATCAR"),
                             Pair("channel", "stable"), Pair("version", "1")));
  }
  EXPECT_THAT(Move(TestHeadMove(2, {"4230.2.0"})),
              StatusIs(absl::StatusCode::kAborted,
                       "the head of channel stable has moved to version 1, "
                       "but version 2 was expected"));
  EXPECT_EQ(CountEvents(), 1u);
}

TEST_F(HeadsTest, HeadOnlyGoesBackIfThatIsPermitted) {
  ASSERT_THAT(Move(TestHeadMove(0, {"4230.10.0"})), IsOk());
  // As text it would be newer.
  MoveChannelHeadRequest request = TestHeadMove(1, {"4230.9.0"});
  const auto refused = Move(request);
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kFailedPrecondition,
                                "the head of channel stable would go back from "
                                "4230.10.0 to 4230.9.0"));
  const auto info = GetDetail<google::rpc::ErrorInfo>(refused.status());
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->reason(), "HEAD_ROLLBACK");
  EXPECT_THAT(info->metadata(),
              UnorderedElementsAre(Pair("family", "FAMILY_FLATCAR"),
                                   Pair("channel", "stable"),
                                   Pair("current_version", "4230.10.0"),
                                   Pair("requested_version", "4230.9.0")));
  request.set_allow_rollback(true);
  EXPECT_THAT(Move(request), IsOkAndHolds(Property(&ChannelHead::version, 2)));
  // What only loses older releases does not go back.
  EXPECT_THAT(Move(TestHeadMove(2, {"4230.9.0"}, "other")), IsOk());
}

TEST_F(HeadsTest, ChannelsOfTheSameNameInOtherFamiliesAreOthers) {
  ASSERT_THAT(Move(TestHeadMove(0, {"4152.2.0"})), IsOk());
  MoveChannelHeadRequest request = TestHeadMove(0, {"2512.3.0"});
  request.mutable_head()->set_family(matrix::v1::FAMILY_COREOS);
  EXPECT_THAT(Move(request), IsOkAndHolds(Property(&ChannelHead::version, 1)));
  EXPECT_THAT(store_->ListHeads(), IsOkAndHolds(SizeIs(2)));
}

TEST_F(HeadsTest, OneOfTwoMoversWins) {
  for (int version = 0; version < 20; ++version) {
    std::vector<std::thread> movers;
    std::vector<absl::Status> results(2);
    for (int i = 0; i < 2; ++i) {
      movers.emplace_back([&, i] {
        results[i] = Move(TestHeadMove(version, {"4152.2.0"},
                                       std::to_string(2 * version + i)))
                         .status();
      });
    }
    for (std::thread& mover : movers) mover.join();
    const int winner = results[0].ok() ? 0 : 1;
    EXPECT_THAT(results[winner], IsOk());
    EXPECT_THAT(results[1 - winner], StatusIs(absl::StatusCode::kAborted));
    GANTRY_ASSERT_OK_AND_ASSIGN(const auto heads, store_->ListHeads());
    ASSERT_THAT(heads, SizeIs(1));
    EXPECT_EQ(heads[0].version(), version + 1);
    EXPECT_EQ(heads[0].plan_digest(),
              Sha256Digest(std::to_string(2 * version + winner)));
  }
}

TEST_F(HeadsTest, PlanOfAnOlderHeadChangesNothing) {
  ASSERT_THAT(Move(TestHeadMove(0, {"4152.2.0"})), IsOk());
  release::v1::PlanCellsRequest plan;
  *plan.add_plans() = fixtures::TestPlan(1);
  plan.set_plan_id("first");
  *plan.add_heads() = TestHeadReference(1);
  ASSERT_THAT(Apply(*store_, PlanCells, plan), IsOk());
  ASSERT_THAT(Move(TestHeadMove(1, {"4230.2.0"})), IsOk());

  *plan.add_plans() = fixtures::TestPlan(2);
  EXPECT_THAT(Apply(*store_, PlanCells, plan),
              StatusIs(absl::StatusCode::kAborted));
  release::v1::RetireCellsRequest retirement;
  retirement.set_plan_id("second");
  retirement.add_channels("6.1-cloud");
  *retirement.add_heads() = TestHeadReference(1);
  EXPECT_THAT(Apply(*store_, RetireCells, retirement),
              StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(store_->Get(fixtures::TestId(2)),
              StatusIs(absl::StatusCode::kNotFound));

  *retirement.mutable_heads(0) = TestHeadReference(2);
  GANTRY_ASSERT_OK_AND_ASSIGN(const auto retired,
                              Apply(*store_, RetireCells, retirement));
  EXPECT_THAT(retired.ids(), ElementsAre(fixtures::TestId(1)));
}

TEST_F(HeadsTest, ReferenceToAChannelWithoutAHeadIsToVersion0) {
  release::v1::PlanCellsRequest plan;
  *plan.add_plans() = fixtures::TestPlan(1);
  *plan.add_heads() = TestHeadReference(1);
  EXPECT_THAT(Apply(*store_, PlanCells, plan),
              StatusIs(absl::StatusCode::kAborted,
                       "channel stable has no head, but version 1 was "
                       "expected"));
  *plan.mutable_heads(0) = TestHeadReference(0);
  EXPECT_THAT(Apply(*store_, PlanCells, plan), IsOk());
}

}  // namespace
}  // namespace gantry::service
