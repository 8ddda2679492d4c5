#ifndef GANTRY_PAYLOAD_PROOF_MODULE_ARCHIVE_H_
#define GANTRY_PAYLOAD_PROOF_MODULE_ARCHIVE_H_

#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace gantry::proof {

struct NamedModule {
  // Without ".ko".  Example: "nvidia-uvm".
  std::string name;
  // The uncompressed ELF file.
  std::string bytes;
};

// The modules of a tar that kernel_modules() wrote, in loading order: `*.ko`
// at the top and `modules.order`, which names each of them once.
// INVALID_ARGUMENT if names and files do not agree.
absl::StatusOr<std::vector<NamedModule>> ReadModuleTar(const std::string& path);

// Finds modules of the kernel's own tree in the tar of a root file system,
// below [usr/]lib*/modules/<kernel_release>/, and the modules that those depend
// on, by `depends` of .modinfo.  `wanted` are kernel names ("i2c_core").
// Returns them in loading order, decompressed (.ko, .ko.xz, .ko.zst, .ko.gz).
// NOT_FOUND names a module that the tree lacks, and who wants it.
absl::StatusOr<std::vector<NamedModule>> ReadInTreeModules(
    const std::string& root_tar, const std::string& kernel_release,
    const std::set<std::string>& wanted);

}  // namespace gantry::proof

#endif  // GANTRY_PAYLOAD_PROOF_MODULE_ARCHIVE_H_
