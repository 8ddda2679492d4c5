#ifndef GANTRY_BUILDER_MODULES_LOAD_ORDER_H_
#define GANTRY_BUILDER_MODULES_LOAD_ORDER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace gantry::modules {

// A compiled kernel module.
struct BuiltModule {
  // File name without ".ko".  Example: "nvidia-uvm".
  std::string name;
  // Modinfo::Depends() of the file.
  std::vector<std::string> depends;
};

// The names of modules in an order in which they can be loaded.
//
// If `selected` is empty, orders all modules, each after those it depends on;
// where that leaves a choice, NVIDIA's modules in their customary order, then
// by name. INVALID_ARGUMENT: modules depend on each other in a cycle.
//
// Otherwise checks and returns `selected`.  NOT_FOUND: it names a module that
// was not built.  INVALID_ARGUMENT: a module is listed before one that it
// depends on, or without it.
absl::StatusOr<std::vector<std::string>> LoadOrder(
    const std::vector<BuiltModule>& modules,
    const std::vector<std::string>& selected);

}  // namespace gantry::modules

#endif  // GANTRY_BUILDER_MODULES_LOAD_ORDER_H_
