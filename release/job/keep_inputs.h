#ifndef GANTRY_RELEASE_JOB_KEEP_INPUTS_H_
#define GANTRY_RELEASE_JOB_KEEP_INPUTS_H_

#include <set>
#include <string>
#include <vector>

#include "proto/lock.pb.h"

namespace gantry::job {

// Output group of a cell's target (payload_cell) with the downloaded files that
// it is made of.
inline constexpr char kInputsOutputGroup[] = "inputs";

// Keeps what cells are made of in an input store.  Knows what it has kept, so
// that cells which share inputs cost nothing more: for the duration of a batch.
class InputKeeper {
 public:
  // `location`: see publish::InputLocation(); empty: nothing is kept.
  explicit InputKeeper(const std::string& location);

  // Puts the files that the lock names into the store, unless it has them.
  // They are found by name and digest in `files`, the paths of downloaded
  // files.  Returns lines to print: one for each of the first five files that
  // could not be kept, with the reason; one if the store is unavailable.
  std::vector<std::string> Keep(const matrix::v1::Lock& lock,
                                const std::vector<std::string>& files);

 private:
  const std::string location_;
  std::set<std::string> kept_;  // Digests.
};

}  // namespace gantry::job

#endif  // GANTRY_RELEASE_JOB_KEEP_INPUTS_H_
