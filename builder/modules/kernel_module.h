#ifndef GANTRY_BUILDER_MODULES_KERNEL_MODULE_H_
#define GANTRY_BUILDER_MODULES_KERNEL_MODULE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace gantry::modules {

// A compiled kernel module.
struct KernelModule {
  // File name without ".ko".  Example: "nvidia-uvm".
  std::string name;
  // Names of modules that have to be loaded before it, as its .modinfo section
  // says, "-" written as "_".
  std::vector<std::string> depends;
};

// Reads the .modinfo section of an ELF file's content (kernel:
// include/linux/moduleparam.h; "key=value" strings, each ended by NUL).
// INVALID_ARGUMENT: not ELF, or no such section.
absl::StatusOr<KernelModule> ReadKernelModule(std::string name,
                                              absl::string_view elf);

// The names in an order in which they can be loaded.
//
// With `selected` empty: all modules, each after those it depends on;
// otherwise in NVIDIA's customary order, then by name.  INVALID_ARGUMENT:
// they depend on each other in a circle.
//
// Else `selected`, in its own order.  NOT_FOUND: names a module that is not
// there.  INVALID_ARGUMENT: a module comes before one that it depends on, or
// the latter is left out.
absl::StatusOr<std::vector<std::string>> LoadOrder(
    const std::vector<KernelModule>& modules,
    const std::vector<std::string>& selected);

}  // namespace gantry::modules

#endif  // GANTRY_BUILDER_MODULES_KERNEL_MODULE_H_
