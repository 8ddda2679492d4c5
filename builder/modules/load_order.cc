#include "builder/modules/load_order.h"

#include <map>
#include <set>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/modinfo.h"
#include "base/module_order.h"
#include "base/status_macros.h"

namespace gantry::modules {
namespace {

constexpr absl::string_view kNvidiaOrder[] = {
    "nvidia", "nvidia_uvm", "nvidia_modeset", "nvidia_drm", "nvidia_peermem"};

// By kernel name.
using ModulesByName = std::map<std::string, const BuiltModule*>;

absl::Status CheckOrder(const ModulesByName& built,
                        const std::vector<std::string>& selected) {
  std::set<std::string> loaded;
  for (const std::string& name : selected) {
    const auto module = built.find(KernelModuleName(name));
    if (module == built.end()) {
      return absl::NotFoundError(
          absl::StrCat("module ", name, " was not built"));
    }
    for (const std::string& needed : module->second->depends) {
      if (built.count(needed) != 0 && loaded.count(needed) == 0) {
        return absl::InvalidArgumentError(
            absl::StrCat("module ", name, " must be listed after ", needed,
                         ", which it depends on"));
      }
    }
    loaded.insert(module->first);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<std::string>> LoadOrder(
    const std::vector<BuiltModule>& modules,
    const std::vector<std::string>& selected) {
  ModulesByName built;
  std::map<std::string, std::vector<std::string>> depends;
  for (const BuiltModule& module : modules) {
    built[KernelModuleName(module.name)] = &module;
    depends[KernelModuleName(module.name)] = module.depends;
  }
  std::vector<std::string> order = selected;
  if (selected.empty()) {
    GANTRY_ASSIGN_OR_RETURN(order, OrderModules(depends, kNvidiaOrder));
  } else {
    GANTRY_RETURN_IF_ERROR(CheckOrder(built, selected));
  }
  for (std::string& name : order) name = built.at(KernelModuleName(name))->name;
  return order;
}

}  // namespace gantry::modules
