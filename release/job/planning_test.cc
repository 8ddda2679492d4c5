#include "release/job/planning.h"

#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "base/progress.h"
#include "base/state_dir.h"
#include "base/status_macros.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/cell.pb.h"
#include "proto/channel_head.pb.h"
#include "proto/fragment.pb.h"
#include "proto/release_service.pb.h"
#include "release/plan/discover_fixture.h"
#include "release/plan/fragments.h"
#include "release/service/client/release_client.h"
#include "release/service/server/release_server.h"

namespace gantry::job {
namespace {

using ::gantry::release::v1::Cell;
using ::gantry::release::v1::ChannelHead;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Planners with state directories of their own, and the service that they
// share.
class PlanningTest : public plan::DiscoverTest {
 protected:
  void SetUp() override {
    DiscoverTest::SetUp();
    service::ReleaseServerOptions options;
    options.database_path = PathOf("release.db");
    GANTRY_ASSERT_OK_AND_ASSIGN(server_,
                                service::ReleaseServer::Start(options));
    client_ = std::make_unique<service::ReleaseClient>(
        server_->InProcessChannel(), "service");
  }

  void TearDown() override { client_.reset(); }

  // The planner `name` plans; it keeps its lock.
  absl::StatusOr<Planned> Plan(const std::string& name,
                               PlanningOptions options = {}) {
    options.matrix_path = matrix_path();
    GANTRY_ASSIGN_OR_RETURN(const StateDir state, StateDir::Open(PathOf(name)));
    Progress progress(stderr);
    return PlanMatrix(options, state, *client_, progress);
  }

  // The same after discovery.
  absl::StatusOr<Planned> DiscoverAndPlan(const std::string& name,
                                          PlanningOptions options = {}) {
    options.discover = true;
    return Plan(name, options);
  }

  // Versions of a channel's head, newest first.
  std::vector<std::string> Head(const std::string& channel) {
    std::vector<std::string> versions;
    const auto heads = client_->ListChannelHeads();
    EXPECT_THAT(heads, IsOk());
    for (const ChannelHead& head : heads->heads()) {
      if (head.name() != channel) continue;
      for (const auto& release : head.releases()) {
        versions.push_back(release.version());
      }
    }
    return versions;
  }

  // States of all cells by OS release.
  std::map<std::string, release::v1::CellState> States() {
    std::map<std::string, release::v1::CellState> states;
    const auto cells = client_->ListCells({});
    EXPECT_THAT(cells, IsOk());
    for (const Cell& cell : *cells) {
      states[cell.coordinates().os_release()] = cell.state();
    }
    return states;
  }

  int EventCount() {
    release::v1::ListEventsRequest all;
    all.set_page_size(1000);
    const auto events = client_->ListEvents(all);
    EXPECT_THAT(events, IsOk());
    return events->events_size();
  }

  std::unique_ptr<service::ReleaseServer> server_;
  std::unique_ptr<service::ReleaseClient> client_;
};

TEST_F(PlanningTest, ServiceHasHeadsAndFragmentsOfTheCells) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const Planned planned, Plan("a"));
  EXPECT_THAT(planned.cells, SizeIs(4));
  EXPECT_THAT(planned.failed_channels, IsEmpty());
  EXPECT_THAT(Head("stable"), ElementsAre("4230.2.0"));
  EXPECT_THAT(Head("beta"), ElementsAre("4300.1.0", "4290.1.10"));
  EXPECT_THAT(Head("alpha"), ElementsAre("2023.4.0"));

  GANTRY_ASSERT_OK_AND_ASSIGN(
      const auto fragments,
      client_->GetFragments(plan::FragmentDigests(planned.cells)));
  GANTRY_ASSERT_OK_AND_ASSIGN(const StateDir state,
                              StateDir::Open(PathOf("worker")));
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const matrix::v1::Lock lock,
      plan::LockFromFragments(planned.cells, fragments, state));
  EXPECT_THAT(lock.releases(), SizeIs(4));
  EXPECT_EQ(lock.drivers(0).patches(0).content(), "--- a/x\n");
}

TEST_F(PlanningTest, SamePlanChangesNothing) {
  ASSERT_THAT(Plan("a"), IsOk());
  const int events = EventCount();
  EXPECT_THAT(Plan("a"), IsOk());
  EXPECT_THAT(Plan("b"), IsOk());
  EXPECT_EQ(EventCount(), events);
}

TEST_F(PlanningTest, OvertakenPlannerDiscoversAgain) {
  ASSERT_THAT(Plan("late"), IsOk());
  ASSERT_THAT(site_->Publish(Stable("4230.2.1")), IsOk());
  ASSERT_THAT(Plan("other"), IsOk());
  ASSERT_THAT(Head("stable"), ElementsAre("4230.2.1"));

  GANTRY_ASSERT_OK_AND_ASSIGN(const Planned planned, Plan("late"));
  EXPECT_THAT(Head("stable"), ElementsAre("4230.2.1"));
  EXPECT_EQ(planned.lock.releases_size(), 4);
  EXPECT_EQ(States()["flatcar-4230.2.0"], release::v1::CELL_STATE_RETIRED);
  EXPECT_EQ(States()["flatcar-4230.2.1"], release::v1::CELL_STATE_PLANNED);
}

TEST_F(PlanningTest, LockOfDiscoveryWithoutTheServiceIsPlanned) {
  ASSERT_THAT(Plan("state"), IsOk());
  ASSERT_THAT(site_->Publish(Stable("4230.2.1")), IsOk());
  DiscoverAndWriteLock();
  ASSERT_THAT(Plan("state"), IsOk());
  EXPECT_THAT(Head("stable"), ElementsAre("4230.2.1"));
}

TEST_F(PlanningTest, ChannelGoesBackOnlyIfThatIsAllowed) {
  ASSERT_THAT(site_->Publish(Stable("4230.2.1")), IsOk());
  ASSERT_THAT(Plan("a"), IsOk());
  ASSERT_THAT(site_->Publish(Stable("4230.2.0")), IsOk());
  ASSERT_THAT(site_->Publish(Release("coreos", "alpha", "2023.4.1")), IsOk());

  GANTRY_ASSERT_OK_AND_ASSIGN(Planned planned, DiscoverAndPlan("a"));
  EXPECT_THAT(planned.failed_channels, ElementsAre("stable"));
  EXPECT_THAT(Head("stable"), ElementsAre("4230.2.1"));
  EXPECT_EQ(States().count("flatcar-4230.2.0"), 0);
  EXPECT_EQ(States()["flatcar-4230.2.1"], release::v1::CELL_STATE_PLANNED);
  EXPECT_THAT(planned.cells, SizeIs(4));

  PlanningOptions options;
  options.allow_rollback = true;
  GANTRY_ASSERT_OK_AND_ASSIGN(planned, DiscoverAndPlan("a", options));
  EXPECT_THAT(planned.failed_channels, IsEmpty());
  EXPECT_THAT(Head("stable"), ElementsAre("4230.2.0"));
  EXPECT_EQ(States()["flatcar-4230.2.1"], release::v1::CELL_STATE_RETIRED);
}

TEST_F(PlanningTest, FailedChannelStaysAsTheServiceHasIt) {
  ASSERT_THAT(Plan("a"), IsOk());
  std::filesystem::remove_all(PathOf("site/stable"));
  GANTRY_ASSERT_OK_AND_ASSIGN(const Planned planned, DiscoverAndPlan("a"));
  EXPECT_THAT(planned.failed_channels, ElementsAre("stable"));
  EXPECT_THAT(Head("stable"), ElementsAre("4230.2.0"));
  EXPECT_EQ(States()["flatcar-4230.2.0"], release::v1::CELL_STATE_PLANNED);
}

TEST_F(PlanningTest, DiscoveriesAtTheSameTimeLoseNothing) {
  std::vector<std::thread> planners;
  for (const char* channel : {"stable", "beta", "alpha"}) {
    planners.emplace_back([this, channel] {
      PlanningOptions options;
      options.channels = {channel};
      EXPECT_THAT(DiscoverAndPlan(channel, options), IsOk());
    });
  }
  for (std::thread& planner : planners) planner.join();
  EXPECT_THAT(Head("stable"), ElementsAre("4230.2.0"));
  EXPECT_THAT(Head("beta"), ElementsAre("4300.1.0", "4290.1.10"));
  EXPECT_THAT(Head("alpha"), ElementsAre("2023.4.0"));
  EXPECT_THAT(States(), SizeIs(4));
}

TEST_F(PlanningTest, RewordedReasonReachesTheServiceAndPlansNothingAgain) {
  ASSERT_THAT(Plan("a"), IsOk());
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<Cell> before,
                              client_->ListCells({}));
  ReplaceInMatrix(R"(reason: "why")", R"(reason: "because")");
  ASSERT_THAT(Plan("a"), IsOk());
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<Cell> after,
                              client_->ListCells({}));
  ASSERT_EQ(after.size(), before.size());
  for (size_t i = 0; i < after.size(); ++i) {
    EXPECT_EQ(after[i].wanted_recipe().digest(),
              before[i].wanted_recipe().digest());
  }
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const auto fragments,
      client_->GetFragments(plan::FragmentDigests(after)));
  for (const auto& fragment : fragments) {
    if (!fragment.sources().has_driver()) continue;
    EXPECT_EQ(fragment.sources().driver().patches(0).reason(), "because");
  }
}

}  // namespace
}  // namespace gantry::job
