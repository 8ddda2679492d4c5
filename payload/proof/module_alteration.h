#ifndef GANTRY_PAYLOAD_PROOF_MODULE_ALTERATION_H_
#define GANTRY_PAYLOAD_PROOF_MODULE_ALTERATION_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace gantry::proof {

struct AlteredModule {
  std::string bytes;
  // What differs.  Example: "vermagic, CRC of module_layout".
  std::string alteration;
};

// The same module, as if built for another kernel: another first character in
// its vermagic, and another CRC of module_layout if it carries one (a kernel
// with MODVERSIONS passes over the version in vermagic, and looks at that CRC
// before anything else).  Nothing else differs, so that a kernel that refuses
// it refuses it for these.  INVALID_ARGUMENT: no module, or no vermagic.
absl::StatusOr<AlteredModule> AlterModule(absl::string_view bytes);

}  // namespace gantry::proof

#endif  // GANTRY_PAYLOAD_PROOF_MODULE_ALTERATION_H_
