#ifndef GANTRY_BASE_STAGE_EPOCHS_H_
#define GANTRY_BASE_STAGE_EPOCHS_H_

#include "absl/strings/string_view.h"

namespace gantry {

// Raise a stage's number in the change that makes its code give other bytes:
// every recipe then differs, and every cell is built again.  Tests with the
// name BytesBelongToTheEpoch fail otherwise.  Only for "installer", whose bytes
// depend on the compiler, there is none: raise it when nodes are to get another
// installer.
struct StageEpoch {
  const char* stage;
  int epoch;
};

// Ordered by name.
inline constexpr StageEpoch kStageEpochs[] = {
    {"compile", 1},   {"container", 1}, {"image", 1},
    {"installer", 1}, {"userland", 1},
};

// 0 if there is no such stage.
constexpr int StageEpochOf(absl::string_view stage) {
  for (const StageEpoch& known : kStageEpochs) {
    if (stage == known.stage) return known.epoch;
  }
  return 0;
}

}  // namespace gantry

#endif  // GANTRY_BASE_STAGE_EPOCHS_H_
