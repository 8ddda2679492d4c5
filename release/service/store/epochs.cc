#include "release/service/store/epochs.h"

#include <algorithm>

namespace gantry::service {

using ::gantry::release::v1::Recipe;
using ::gantry::release::v1::StageEpoch;

bool HasEpochs(const std::vector<StageEpoch>& epochs, const Recipe& recipe) {
  return std::all_of(recipe.epochs().begin(), recipe.epochs().end(),
                     [&](const StageEpoch& wanted) {
                       return std::any_of(
                           epochs.begin(), epochs.end(),
                           [&](const StageEpoch& epoch) {
                             return epoch.stage() == wanted.stage() &&
                                    epoch.epoch() == wanted.epoch();
                           });
                     });
}

const StageEpoch* FindEpochBehind(const Recipe& known, const Recipe& planned) {
  const auto found = std::find_if(
      known.epochs().begin(), known.epochs().end(), [&](const auto& epoch) {
        return epoch.epoch() > EpochOf(planned, epoch.stage());
      });
  return found == known.epochs().end() ? nullptr : &*found;
}

int EpochOf(const Recipe& recipe, const std::string& stage) {
  for (const StageEpoch& epoch : recipe.epochs()) {
    if (epoch.stage() == stage) return epoch.epoch();
  }
  return 0;
}

}  // namespace gantry::service
