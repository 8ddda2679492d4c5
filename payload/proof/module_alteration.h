#ifndef GANTRY_PAYLOAD_PROOF_MODULE_ALTERATION_H_
#define GANTRY_PAYLOAD_PROOF_MODULE_ALTERATION_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace gantry::proof {

struct AlteredModule {
  std::string bytes;
  // What was altered.  Example: "vermagic, CRC of module_layout".
  std::string alteration;
};

// Alters a module so that it looks as if it was built for another kernel: the
// first character of its vermagic changes, and the CRC of module_layout if it
// has one.  (A kernel with MODVERSIONS ignores the release in vermagic, and
// checks that CRC first.)  Nothing else changes, so a kernel that refuses the
// altered module refuses it for that reason.
//
// INVALID_ARGUMENT: not a module, or one without vermagic.
absl::StatusOr<AlteredModule> AlterModule(absl::string_view bytes);

}  // namespace gantry::proof

#endif  // GANTRY_PAYLOAD_PROOF_MODULE_ALTERATION_H_
