#ifndef GANTRY_RELEASE_SERVICE_STORE_EPOCHS_H_
#define GANTRY_RELEASE_SERVICE_STORE_EPOCHS_H_

#include <string>
#include <vector>

#include "proto/recipe.pb.h"

namespace gantry::service {

// Whether a checkout with these epochs builds what the recipe says: each stage
// of the recipe is among them, with the same epoch.
bool HasEpochs(const std::vector<release::v1::StageEpoch>& epochs,
               const release::v1::Recipe& recipe);

// The first stage of `known` whose epoch in `planned` is lower, or missing: an
// older checkout made `planned`.  Null if there is none.
const release::v1::StageEpoch* FindEpochBehind(
    const release::v1::Recipe& known, const release::v1::Recipe& planned);

// The epoch of the recipe's stage; 0 if it has no such stage.
int EpochOf(const release::v1::Recipe& recipe, const std::string& stage);

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_STORE_EPOCHS_H_
