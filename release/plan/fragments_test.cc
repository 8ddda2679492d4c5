#include "release/plan/fragments.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/state_dir.h"
#include "base/status_matchers.h"
#include "base/temp_dir.h"
#include "base/textproto.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/lock.pb.h"
#include "release/plan/recipes.h"

namespace gantry::plan {
namespace {

using ::gantry::matrix::v1::Lock;
using ::gantry::release::v1::Cell;
using ::gantry::release::v1::Fragment;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

class FragmentsTest : public testing::Test {
 protected:
  FragmentsTest() {
    EXPECT_THAT(WriteFileAtomically(PathOf("keyring"), "keys"), IsOk());
    EXPECT_THAT(ParseTextProto(R"(
      releases {
        name: "flatcar-4230.2.0"
        family: FAMILY_FLATCAR
        channels: "stable"
        version: "4230.2.0"
        developer_container {
          url: "https://a.example/c.bin.bz2" digest: "sha256:c1" size: 7
          signature_url: "https://a.example/c.sig" signature_digest: "sha256:c2"
        }
        signing_key_fingerprints: "AB"
      }
      drivers {
        version: "1.0"
        source { url: "https://a.example/source.tar" digest: "sha256:e1" }
        patches { content: "--- a\n" reason: "why" name: "a.patch" }
      }
      cuda_toolkits {
        version: "12.4"
        components { url: "https://a.example/cudart.deb" digest: "sha256:f1" }
      }
      cells {
        id: "flatcar-4230.2.0_amd64_nvidia_1.0_cuda12.4"
        coordinates {
          os_release: "flatcar-4230.2.0" architecture: "amd64"
          product: "nvidia" version: "1.0" cuda_version: "12.4"
        }
        channels: "stable"
      })",
                               "test", lock_),
                IsOk());
    lock_.mutable_releases(0)->set_keyring(PathOf("keyring"));
  }

  std::string PathOf(const std::string& name) const {
    return JoinPath(directory_.path(), name);
  }

  // The lock's cell, as the service hands it out.
  Cell ClaimedCell() const {
    Cell cell;
    cell.set_id(lock_.cells(0).id());
    *cell.mutable_coordinates() = lock_.cells(0).coordinates();
    *cell.mutable_channels() = lock_.cells(0).channels();
    const auto recipe = Recipes(lock_).RecipeOf(lock_.cells(0));
    EXPECT_THAT(recipe, IsOk());
    if (recipe.ok()) *cell.mutable_wanted_recipe() = *recipe;
    return cell;
  }

  std::vector<Fragment> Fragments() const {
    auto fragments = FragmentsOfLock(lock_);
    EXPECT_THAT(fragments, IsOk());
    return fragments.value_or(std::vector<Fragment>());
  }

  const TempDir directory_ = *TempDir::Create(testing::TempDir());
  const StateDir state_ = *StateDir::Open(PathOf("state"));
  Lock lock_;
};

TEST_F(FragmentsTest, ContentHasTheDigestOfTheReferenceInTheRecipe) {
  const std::vector<Fragment> fragments = Fragments();
  ASSERT_THAT(fragments, SizeIs(3));
  for (const Fragment& fragment : fragments) {
    EXPECT_EQ(fragment.reference().digest(), Sha256Digest(fragment.content()));
    EXPECT_THAT(fragment.content(), Not(HasSubstr("a.example")));
  }
  EXPECT_THAT(FragmentDigests({ClaimedCell(), ClaimedCell()}), SizeIs(3));
}

TEST_F(FragmentsTest, LockIsMadeAgainWithItsKeyring) {
  GANTRY_ASSERT_OK_AND_ASSIGN(
      Lock lock, LockFromFragments({ClaimedCell()}, Fragments(), state_));
  ASSERT_THAT(lock.releases(), SizeIs(1));
  EXPECT_THAT(ReadFile(lock.releases(0).keyring()), IsOkAndHolds("keys"));
  // A batch has no use for these.
  Lock expected = lock_;
  expected.mutable_releases(0)->clear_channels();
  expected.mutable_releases(0)->set_keyring(lock.releases(0).keyring());
  EXPECT_EQ(lock.DebugString(), expected.DebugString());
}

TEST_F(FragmentsTest, SourcesOfAnotherFragmentAreRefused) {
  std::vector<Fragment> fragments = Fragments();
  fragments[1]
      .mutable_sources()
      ->mutable_driver()
      ->mutable_source()
      ->set_digest("sha256:bad");
  EXPECT_THAT(LockFromFragments({ClaimedCell()}, fragments, state_),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("driver 1.0: ")));
}

TEST_F(FragmentsTest, MirrorDoesNotChangeTheFragment) {
  std::vector<Fragment> fragments = Fragments();
  fragments[1].mutable_sources()->mutable_driver()->mutable_source()->set_url(
      "https://mirror.example/source.tar");
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const Lock lock, LockFromFragments({ClaimedCell()}, fragments, state_));
  EXPECT_EQ(lock.drivers(0).source().url(),
            "https://mirror.example/source.tar");
}

TEST_F(FragmentsTest, MissingFragmentIsNamed) {
  std::vector<Fragment> fragments = Fragments();
  fragments.erase(fragments.begin());
  EXPECT_THAT(LockFromFragments({ClaimedCell()}, fragments, state_),
              StatusIs(absl::StatusCode::kNotFound,
                       HasSubstr("os_release flatcar-4230.2.0: ")));
}

TEST_F(FragmentsTest, UnreadableKeyringIsAnError) {
  lock_.mutable_releases(0)->set_keyring(PathOf("absent"));
  EXPECT_THAT(FragmentsOfLock(lock_),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("absent")));
}

}  // namespace
}  // namespace gantry::plan
