#include "release/plan/recipes.h"

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/digest.h"
#include "base/message_digest.h"
#include "base/stage_epochs.h"
#include "base/status_matchers.h"
#include "base/textproto.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/lock.pb.h"
#include "proto/matrix.pb.h"
#include "release/plan/cells.h"

namespace gantry::plan {
namespace {

using ::gantry::matrix::v1::Lock;
using ::gantry::matrix::v1::LockedCell;
using ::gantry::release::v1::Recipe;

using Edit = std::function<void(Lock&)>;

// A lock with a cell of Flatcar and one of Debian.
Lock TestLock() {
  Lock lock;
  EXPECT_THAT(ParseTextProto(R"(
    releases {
      name: "flatcar-4230.2.0"
      family: FAMILY_FLATCAR
      channels: "stable"
      version: "4230.2.0"
      expected_kernel_release: "6.6.95-flatcar"
      developer_container {
        url: "https://a.example/container.bin.bz2" digest: "sha256:c1" size: 7
        signature_url: "https://a.example/container.bin.bz2.sig"
        signature_digest: "sha256:c2"
      }
      kernel_image { url: "https://a.example/vmlinuz" digest: "sha256:c3" }
      keyring: "/var/lib/gantry/keyrings/1.gpg"
    }
    releases {
      name: "debian-12-6.1.0-56-cloud-amd64"
      family: FAMILY_DEBIAN
      channels: "6.1-cloud"
      packages { url: "https://deb.example/pool/a_1.deb" digest: "sha256:d1" }
    }
    drivers {
      version: "535.261.03"
      flavour: DRIVER_FLAVOUR_OPEN
      source { url: "https://deb.example/source.deb" digest: "sha256:e1" }
      userland_files { url: "https://deb.example/lib.deb" digest: "sha256:e2" }
      patches {
        content: "--- a\n+++ b\n" when_header: "include/linux/pci.h"
        matches: "resize" reason: "a fourth parameter" name: "resize.patch"
      }
      modules: "nvidia"
      modules: "nvidia-uvm"
    }
    cuda_toolkits {
      version: "12.4"
      components { url: "https://deb.example/cudart.deb" digest: "sha256:f1" }
    }
  )",
                             "test", lock),
              IsOk());
  return lock;
}

// The recipe of a cell of the release at `index`.
Recipe RecipeOfRelease(Lock lock, int index) {
  EXPECT_THAT(AddCells(matrix::v1::Matrix(), lock), IsOk());
  const Recipes recipes(lock);
  for (const LockedCell& cell : lock.cells()) {
    if (cell.coordinates().os_release() != lock.releases(index).name()) {
      continue;
    }
    const auto recipe = recipes.RecipeOf(cell);
    EXPECT_THAT(recipe, IsOk());
    return recipe.value_or(Recipe());
  }
  ADD_FAILURE() << "no cell of release " << index;
  return Recipe();
}

std::vector<std::string> DigestsAfter(const Edit& edit) {
  Lock lock = TestLock();
  edit(lock);
  return {RecipeOfRelease(lock, 0).digest(), RecipeOfRelease(lock, 1).digest()};
}

TEST(RecipesTest, HasFragmentsAndEpochsInOrder) {
  const Recipe recipe = RecipeOfRelease(TestLock(), 0);
  ASSERT_EQ(recipe.fragments_size(), 3);
  const char* const expected[][2] = {{"driver", "535.261.03"},
                                     {"os_release", "flatcar-4230.2.0"},
                                     {"toolkit", "12.4"}};
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(recipe.fragments(i).kind(), expected[i][0]);
    EXPECT_EQ(recipe.fragments(i).name(), expected[i][1]);
    EXPECT_THAT(ValidateDigest(recipe.fragments(i).digest()), IsOk());
  }
  std::vector<std::string> stages;
  for (const auto& epoch : recipe.epochs()) {
    stages.push_back(epoch.stage());
    EXPECT_EQ(epoch.epoch(), StageEpochOf(epoch.stage()));
  }
  EXPECT_THAT(stages, testing::ElementsAre("compile", "container", "image",
                                           "installer", "userland"));
  EXPECT_EQ(recipe.digest(), RecipeDigest(recipe));
}

TEST(RecipesTest, CellsOfDifferentReleasesDiffer) {
  const std::vector<std::string> digests = DigestsAfter([](Lock&) {});
  EXPECT_NE(digests[0], digests[1]);
}

TEST(RecipesTest, CellWithoutAToolkitHasNoFragmentOfOne) {
  LockedCell cell;
  cell.mutable_coordinates()->set_os_release("flatcar-4230.2.0");
  cell.mutable_coordinates()->set_version("535.261.03");
  const auto recipe = Recipes(TestLock()).RecipeOf(cell);
  ASSERT_THAT(recipe, IsOk());
  ASSERT_EQ(recipe->fragments_size(), 2);
  EXPECT_EQ(recipe->fragments(1).kind(), "os_release");
}

TEST(RecipesTest, WhatDoesNotShapeThePayloadChangesNoRecipe) {
  const struct {
    const char* name;
    Edit edit;
  } cases[] = {
      {"reworded reason",
       [](Lock& lock) {
         lock.mutable_drivers(0)->mutable_patches(0)->set_reason("other words");
       }},
      {"renamed patch",
       [](Lock& lock) {
         lock.mutable_drivers(0)->mutable_patches(0)->set_name("other.patch");
       }},
      {"other directory of the mirror",
       [](Lock& lock) {
         lock.mutable_releases(0)->mutable_developer_container()->set_url(
             "file:///mirror/4230/container.bin.bz2");
         lock.mutable_releases(0)->mutable_kernel_image()->set_url(
             "file:///mirror/4230/vmlinuz");
         lock.mutable_releases(1)->mutable_packages(0)->set_url(
             "https://snapshot.example/2025/a_1.deb");
         lock.mutable_drivers(0)->mutable_source()->set_url(
             "https://snapshot.example/2025/source.deb");
         lock.mutable_drivers(0)->mutable_userland_files(0)->set_url(
             "https://snapshot.example/2025/lib.deb");
         lock.mutable_cuda_toolkits(0)->mutable_components(0)->set_url(
             "https://snapshot.example/2025/cudart.deb");
       }},
      {"another channel",
       [](Lock& lock) {
         lock.mutable_releases(0)->add_channels("beta");
         lock.mutable_releases(1)->set_channels(0, "6.1-other");
       }},
      {"other signature, size and keyring",
       [](Lock& lock) {
         auto& release = *lock.mutable_releases(0);
         release.set_keyring("/other.gpg");
         release.mutable_developer_container()->set_size(0);
         release.mutable_developer_container()->clear_signature_url();
         release.mutable_developer_container()->clear_signature_digest();
       }},
      {"another matrix",
       [](Lock& lock) { lock.set_matrix_digest("sha256:00"); }},
      {"an additional driver",
       [](Lock& lock) {
         auto& driver = *lock.add_drivers();
         driver = lock.drivers(0);
         driver.set_version("550.1");
         driver.mutable_source()->set_digest("sha256:99");
       }},
  };
  const std::vector<std::string> digests = DigestsAfter([](Lock&) {});
  for (const auto& c : cases) {
    EXPECT_EQ(DigestsAfter(c.edit), digests) << c.name;
  }
}

TEST(RecipesTest, WhatShapesThePayloadChangesTheRecipeOfEachCell) {
  const struct {
    const char* name;
    Edit edit;
  } cases[] = {
      {"patch",
       [](Lock& lock) {
         lock.mutable_drivers(0)->mutable_patches(0)->set_content("--- a\n");
       }},
      {"condition of a patch",
       [](Lock& lock) {
         lock.mutable_drivers(0)->mutable_patches(0)->set_matches("other");
       }},
      {"header of a patch",
       [](Lock& lock) {
         lock.mutable_drivers(0)->mutable_patches(0)->set_when_header("a.h");
       }},
      {"source",
       [](Lock& lock) {
         lock.mutable_drivers(0)->mutable_source()->set_digest("sha256:99");
       }},
      {"userland package",
       [](Lock& lock) {
         lock.mutable_drivers(0)->mutable_userland_files(0)->set_digest(
             "sha256:99");
       }},
      {"another module",
       [](Lock& lock) { lock.mutable_drivers(0)->add_modules("nvidia-drm"); }},
      {"order of modules",
       [](Lock& lock) {
         lock.mutable_drivers(0)->mutable_modules()->SwapElements(0, 1);
       }},
      {"static archives",
       [](Lock& lock) {
         lock.mutable_cuda_toolkits(0)->set_with_static_archives(true);
       }},
      {"component of the toolkit",
       [](Lock& lock) {
         lock.mutable_cuda_toolkits(0)->mutable_components(0)->set_digest(
             "sha256:99");
       }},
  };
  // No two give the same recipe.
  std::set<std::string> digests;
  for (const std::string& digest : DigestsAfter([](Lock&) {})) {
    digests.insert(digest);
  }
  for (const auto& c : cases) {
    for (const std::string& digest : DigestsAfter(c.edit)) {
      EXPECT_TRUE(digests.insert(digest).second) << c.name;
    }
  }
}

TEST(RecipesTest, ReleasesFilesChangeOnlyItsOwnRecipes) {
  const std::vector<std::string> digests = DigestsAfter([](Lock&) {});
  const struct {
    const char* name;
    int release;
    Edit edit;
  } cases[] = {
      {"developer container", 0,
       [](Lock& lock) {
         lock.mutable_releases(0)->mutable_developer_container()->set_digest(
             "sha256:99");
       }},
      {"kernel image", 0,
       [](Lock& lock) {
         lock.mutable_releases(0)->mutable_kernel_image()->set_digest(
             "sha256:99");
       }},
      {"package", 1,
       [](Lock& lock) {
         lock.mutable_releases(1)->mutable_packages(0)->set_digest("sha256:99");
       }},
      {"name of a package", 1,
       [](Lock& lock) {
         lock.mutable_releases(1)->mutable_packages(0)->set_url(
             "https://deb.example/pool/b_1.deb");
       }},
  };
  for (const auto& c : cases) {
    const std::vector<std::string> after = DigestsAfter(c.edit);
    EXPECT_NE(after[c.release], digests[c.release]) << c.name;
    EXPECT_EQ(after[1 - c.release], digests[1 - c.release]) << c.name;
  }
}

TEST(RecipesTest, CellOfUnknownPartsIsInvalid) {
  const Recipes recipes(TestLock());
  LockedCell cell;
  auto& coordinates = *cell.mutable_coordinates();
  coordinates.set_os_release("flatcar-1");
  coordinates.set_version("535");
  coordinates.set_cuda_version("13.0");
  EXPECT_THAT(recipes.RecipeOf(cell),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "the lock has no driver \"535\""));
  coordinates.set_version("535.261.03");
  EXPECT_THAT(recipes.RecipeOf(cell),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "the lock has no os_release \"flatcar-1\""));
  coordinates.set_os_release("flatcar-4230.2.0");
  EXPECT_THAT(recipes.RecipeOf(cell),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "the lock has no toolkit \"13.0\""));
}

}  // namespace
}  // namespace gantry::plan
