#include "release/service/store/epochs.h"

#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "proto/recipe.pb.h"

namespace gantry::service {
namespace {

using ::gantry::release::v1::Recipe;
using ::gantry::release::v1::StageEpoch;
using Epochs = std::vector<std::pair<std::string, int>>;

std::vector<StageEpoch> MakeEpochs(const Epochs& epochs) {
  std::vector<StageEpoch> result;
  for (const auto& [stage, epoch] : epochs) {
    StageEpoch& added = result.emplace_back();
    added.set_stage(stage);
    added.set_epoch(epoch);
  }
  return result;
}

Recipe MakeRecipe(const Epochs& epochs) {
  Recipe recipe;
  for (const StageEpoch& epoch : MakeEpochs(epochs)) {
    *recipe.add_epochs() = epoch;
  }
  return recipe;
}

TEST(EpochsTest, CheckoutHasEachStageOfTheRecipeWithItsEpoch) {
  const auto checkout = MakeEpochs({{"compile", 2}, {"image", 1}});
  EXPECT_TRUE(HasEpochs(checkout, MakeRecipe({{"compile", 2}})));
  EXPECT_TRUE(HasEpochs(checkout, MakeRecipe({{"image", 1}, {"compile", 2}})));
  EXPECT_FALSE(HasEpochs(checkout, MakeRecipe({{"compile", 1}})));
  EXPECT_FALSE(HasEpochs(checkout, MakeRecipe({{"compile", 3}})));
  EXPECT_FALSE(
      HasEpochs(checkout, MakeRecipe({{"compile", 2}, {"userland", 1}})));
}

TEST(EpochsTest, OlderPlanHasALowerEpochOrLacksAStage) {
  const Recipe known = MakeRecipe({{"compile", 2}, {"image", 1}});
  const auto behind = [&](const Epochs& planned) -> std::string {
    const StageEpoch* epoch = FindEpochBehind(known, MakeRecipe(planned));
    return epoch == nullptr ? "" : epoch->stage();
  };
  EXPECT_EQ(behind({{"compile", 2}, {"image", 1}}), "");
  EXPECT_EQ(behind({{"compile", 3}, {"image", 1}, {"userland", 1}}), "");
  EXPECT_EQ(behind({{"compile", 1}, {"image", 9}}), "compile");
  EXPECT_EQ(behind({{"compile", 2}}), "image");
}

}  // namespace
}  // namespace gantry::service
