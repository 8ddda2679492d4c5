#include "release/plan/release_set.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/status_matchers.h"
#include "base/textproto.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/lock.pb.h"
#include "proto/matrix.pb.h"

namespace gantry::plan {
namespace {

using ::gantry::matrix::v1::FAMILY_COREOS;
using ::gantry::matrix::v1::FAMILY_FLATCAR;
using ::gantry::matrix::v1::Lock;
using ::gantry::matrix::v1::LockedRelease;
using ::gantry::matrix::v1::Matrix;
using ::testing::ElementsAre;
using ::testing::SizeIs;

Matrix StableAndBeta() {
  Matrix matrix;
  EXPECT_THAT(ParseTextProto(R"pb(
                               operating_systems {
                                 family: FAMILY_FLATCAR
                                 channels { name: "beta" }
                               }
                               operating_systems {
                                 family: FAMILY_COREOS
                                 channels { name: "stable" }
                                 channels { name: "beta" }
                               }
                             )pb",
                             "matrix", matrix),
              IsOk());
  return matrix;
}

// A release of CoreOS whose files have this digest.
LockedRelease Release(const std::string& version, const std::string& digest,
                      const std::string& url = "http://x") {
  LockedRelease release;
  release.set_name("coreos-" + version);
  release.set_family(FAMILY_COREOS);
  release.set_version(version);
  release.mutable_developer_container()->set_url(url);
  release.mutable_developer_container()->set_digest(digest);
  return release;
}

TEST(ReleaseSetTest, ReleasesAreOrderedByName) {
  ReleaseSet set;
  ASSERT_THAT(set.AddChannel("stable", {Release("2", "b"), Release("1", "a")}),
              IsOk());
  const auto releases = set.Releases(StableAndBeta());
  ASSERT_THAT(releases, SizeIs(2));
  EXPECT_EQ(releases[0].name(), "coreos-1");
  EXPECT_THAT(releases[0].channels(), ElementsAre("stable"));
  EXPECT_EQ(releases[1].name(), "coreos-2");
}

TEST(ReleaseSetTest, ReleaseInTwoChannelsIsOneInTheOrderOfTheMatrix) {
  ReleaseSet set;
  ASSERT_THAT(set.AddChannel("beta", {Release("1", "a", "http://beta")}),
              IsOk());
  ASSERT_THAT(set.AddChannel("stable", {Release("1", "a", "http://stable")}),
              IsOk());
  const auto releases = set.Releases(StableAndBeta());
  ASSERT_THAT(releases, SizeIs(1));
  EXPECT_THAT(releases[0].channels(), ElementsAre("stable", "beta"));
  EXPECT_EQ(releases[0].developer_container().url(), "http://beta");
}

TEST(ReleaseSetTest, SameVersionWithOtherFilesIsDataLossAndAddsNothing) {
  ReleaseSet set;
  ASSERT_THAT(set.AddChannel("stable", {Release("1", "a")}), IsOk());
  EXPECT_THAT(set.AddChannel("beta", {Release("2", "b"), Release("1", "c")}),
              StatusIs(absl::StatusCode::kDataLoss,
                       "coreos-1: its files differ from those in channel "
                       "stable"));
  const auto releases = set.Releases(StableAndBeta());
  ASSERT_THAT(releases, SizeIs(1));
  EXPECT_THAT(releases[0].channels(), ElementsAre("stable"));
}

TEST(ReleaseSetTest, OtherPackagesAreOtherFiles) {
  LockedRelease release = Release("1", "a");
  ReleaseSet set;
  ASSERT_THAT(set.AddChannel("stable", {release}), IsOk());
  release.add_packages()->set_digest("p");
  EXPECT_THAT(set.AddChannel("beta", {release}),
              StatusIs(absl::StatusCode::kDataLoss));
}

TEST(ReleaseSetTest, KeptChannelHasTheReleasesOfTheOlderLock) {
  Lock older;
  *older.add_releases() = Release("1", "old");
  older.mutable_releases(0)->add_channels("stable");
  older.mutable_releases(0)->add_channels("beta");
  *older.add_releases() = Release("2", "b");
  older.mutable_releases(1)->add_channels("stable");

  ReleaseSet set;
  ASSERT_THAT(set.AddChannel("stable", {Release("1", "new")}), IsOk());
  set.KeepChannel(FAMILY_FLATCAR, "beta", older);
  set.KeepChannel(FAMILY_COREOS, "beta", older);
  const auto releases = set.Releases(StableAndBeta());
  ASSERT_THAT(releases, SizeIs(1));
  EXPECT_THAT(releases[0].channels(), ElementsAre("stable", "beta"));
  EXPECT_EQ(releases[0].developer_container().digest(), "new");
}

}  // namespace
}  // namespace gantry::plan
