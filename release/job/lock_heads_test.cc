#include "release/job/lock_heads.h"

#include <string>
#include <vector>

#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/channel_head.pb.h"
#include "proto/coordinates.pb.h"
#include "proto/lock.pb.h"
#include "proto/matrix.pb.h"
#include "release/job/work_plan.h"
#include "release/plan/fragments.h"

namespace gantry::job {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::Not;

const ChannelKey kStable = {matrix::v1::FAMILY_FLATCAR, "stable"};
const ChannelKey kBeta = {matrix::v1::FAMILY_FLATCAR, "beta"};
const ChannelKey kCoreosBeta = {matrix::v1::FAMILY_COREOS, "beta"};

class LockHeadsTest : public testing::Test {
 protected:
  // A release, and its cell with the only driver.
  matrix::v1::LockedRelease& AddRelease(
      matrix::v1::Family family, const std::string& version,
      const std::vector<std::string>& channels) {
    auto& release = *lock_.add_releases();
    release.set_family(family);
    release.set_version(version);
    release.set_name(matrix::v1::Family_Name(family) + "-" + version);
    release.mutable_developer_container()->set_url("https://a.example/dev");
    auto& cell = *lock_.add_cells();
    auto& coordinates = *cell.mutable_coordinates();
    coordinates.set_os_release(release.name());
    coordinates.set_architecture("amd64");
    coordinates.set_product("nvidia");
    coordinates.set_version("535.1");
    coordinates.set_flavour(cell::v1::DRIVER_FLAVOUR_OPEN);
    for (const std::string& channel : channels) {
      release.add_channels(channel);
      cell.add_channels(channel);
    }
    return release;
  }

  void SetUp() override {
    auto& driver = *lock_.add_drivers();
    driver.set_version("535.1");
    driver.set_flavour(cell::v1::DRIVER_FLAVOUR_OPEN);
  }

  Heads HeadsOf(const std::vector<std::string>& channels = {}) {
    const auto plans = CellPlansFromLock(lock_, channels);
    EXPECT_THAT(plans, IsOk());
    const auto fragments = plan::FragmentsOfLock(lock_);
    EXPECT_THAT(fragments, IsOk());
    if (!plans.ok() || !fragments.ok()) return {};
    return HeadsOfLock(lock_, *plans, *fragments, channels);
  }

  static std::vector<std::string> Versions(
      const release::v1::ChannelHead& head) {
    std::vector<std::string> versions;
    for (const auto& release : head.releases()) {
      versions.push_back(release.version());
    }
    return versions;
  }

  matrix::v1::Lock lock_;
};

TEST_F(LockHeadsTest, ReleasesAreOrderedByVersionNewestFirst) {
  AddRelease(matrix::v1::FAMILY_FLATCAR, "4230.2.0", {"stable"});
  AddRelease(matrix::v1::FAMILY_FLATCAR, "4230.10.0", {"stable", "beta"});
  AddRelease(matrix::v1::FAMILY_FLATCAR, "4230.9.0", {"stable"});
  const Heads heads = HeadsOf();
  EXPECT_THAT(heads, ElementsAre(Key(kBeta), Key(kStable)));
  const release::v1::ChannelHead& stable = heads.at(kStable);
  EXPECT_EQ(stable.family(), matrix::v1::FAMILY_FLATCAR);
  EXPECT_EQ(stable.name(), "stable");
  EXPECT_EQ(stable.version(), 0);
  EXPECT_THAT(Versions(stable),
              ElementsAre("4230.10.0", "4230.9.0", "4230.2.0"));
  EXPECT_EQ(stable.releases(0).name(), "FAMILY_FLATCAR-4230.10.0");
}

TEST_F(LockHeadsTest, FamiliesWithOneChannelNameHaveTheirOwnHeads) {
  AddRelease(matrix::v1::FAMILY_FLATCAR, "4230.2.0", {"beta"});
  AddRelease(matrix::v1::FAMILY_COREOS, "2023.4.0", {"beta"});
  const Heads heads = HeadsOf();
  EXPECT_THAT(Versions(heads.at(kBeta)), ElementsAre("4230.2.0"));
  EXPECT_THAT(Versions(heads.at(kCoreosBeta)), ElementsAre("2023.4.0"));
  EXPECT_NE(heads.at(kBeta).plan_digest(), heads.at(kCoreosBeta).plan_digest());
}

TEST_F(LockHeadsTest, OnlySelectedChannelsHaveHeads) {
  AddRelease(matrix::v1::FAMILY_FLATCAR, "4230.2.0", {"stable"});
  AddRelease(matrix::v1::FAMILY_FLATCAR, "4300.1.0", {"beta"});
  EXPECT_THAT(HeadsOf({"beta"}), ElementsAre(Key(kBeta)));
}

TEST_F(LockHeadsTest, PlanDigestFollowsThePlansOfItsChannelAlone) {
  AddRelease(matrix::v1::FAMILY_FLATCAR, "4230.2.0", {"stable"});
  AddRelease(matrix::v1::FAMILY_FLATCAR, "4300.1.0", {"beta"});
  const Heads before = HeadsOf();
  EXPECT_THAT(before.at(kStable).plan_digest(), Not(IsEmpty()));
  lock_.mutable_cells(1)->set_exclusion_reason("does not compile");
  const Heads after = HeadsOf();
  EXPECT_EQ(after.at(kStable).plan_digest(), before.at(kStable).plan_digest());
  EXPECT_NE(after.at(kBeta).plan_digest(), before.at(kBeta).plan_digest());
}

TEST_F(LockHeadsTest, PlanDigestFollowsTheSourcesOfFragments) {
  AddRelease(matrix::v1::FAMILY_FLATCAR, "4230.2.0", {"stable"});
  AddRelease(matrix::v1::FAMILY_FLATCAR, "4300.1.0", {"beta"});
  const Heads before = HeadsOf();
  lock_.mutable_releases(0)->mutable_developer_container()->set_url(
      "https://b.example/dev");
  const Heads after = HeadsOf();
  EXPECT_NE(after.at(kStable).plan_digest(), before.at(kStable).plan_digest());
  EXPECT_EQ(after.at(kBeta).plan_digest(), before.at(kBeta).plan_digest());
}

}  // namespace
}  // namespace gantry::job
