#ifndef GANTRY_PAYLOAD_PROOF_MODULE_TAR_H_
#define GANTRY_PAYLOAD_PROOF_MODULE_TAR_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace gantry::proof {

struct NamedModule {
  // Without ".ko".  Example: "nvidia-uvm".
  std::string name;
  // An uncompressed ELF file.
  std::string bytes;
};

// Reads the modules of a tar that the rule kernel_modules wrote, in loading
// order: `*.ko` at the top level, and `modules.order`, which lists each of them
// once.  INVALID_ARGUMENT if the list and the files differ.
absl::StatusOr<std::vector<NamedModule>> ReadModuleTar(const std::string& path);

}  // namespace gantry::proof

#endif  // GANTRY_PAYLOAD_PROOF_MODULE_TAR_H_
