#include "builder/modules/kernel_module.h"

#include <gelf.h>
#include <libelf.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <tuple>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/status_macros.h"

namespace gantry::modules {
namespace {

constexpr absl::string_view kCustomaryOrder[] = {
    "nvidia", "nvidia_uvm", "nvidia_modeset", "nvidia_drm", "nvidia_peermem"};

// The kernel takes "-" and "_" in names for the same.
std::string Canonical(absl::string_view name) {
  return absl::StrReplaceAll(name, {{"-", "_"}});
}

struct EndElf {
  void operator()(Elf* elf) const { elf_end(elf); }
};

// The section's bytes; they live as long as `elf`.
absl::StatusOr<absl::string_view> FindSection(Elf* elf,
                                              absl::string_view wanted) {
  size_t names;
  if (elf_kind(elf) != ELF_K_ELF || elf_getshdrstrndx(elf, &names) != 0) {
    return absl::InvalidArgumentError("not an ELF file");
  }
  for (Elf_Scn* section = elf_nextscn(elf, nullptr); section != nullptr;
       section = elf_nextscn(elf, section)) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) == nullptr) continue;
    const char* name = elf_strptr(elf, names, header.sh_name);
    if (name == nullptr || name != wanted) continue;
    const Elf_Data* data = elf_rawdata(section, nullptr);
    if (data == nullptr || data->d_buf == nullptr) break;
    return absl::string_view(static_cast<const char*>(data->d_buf),
                             data->d_size);
  }
  return absl::InvalidArgumentError(absl::StrCat("no section ", wanted));
}

using ModulesByName = std::map<std::string, const KernelModule*>;

// What the module depends on among the modules given.
std::vector<std::string> BuiltDependencies(const KernelModule& module,
                                           const ModulesByName& built) {
  std::vector<std::string> found;
  std::copy_if(module.depends.begin(), module.depends.end(),
               std::back_inserter(found),
               [&](const std::string& name) { return built.count(name) != 0; });
  return found;
}

absl::StatusOr<std::vector<std::string>> ComputeOrder(
    const ModulesByName& built) {
  // By place in the customary order, then by name.
  std::set<std::tuple<ptrdiff_t, std::string>> waiting;
  for (const auto& [name, module] : built) {
    waiting.emplace(std::find(std::begin(kCustomaryOrder),
                              std::end(kCustomaryOrder), name) -
                        std::begin(kCustomaryOrder),
                    name);
  }
  std::vector<std::string> order;
  std::set<std::string> loaded;
  while (!waiting.empty()) {
    const auto next =
        std::find_if(waiting.begin(), waiting.end(), [&](const auto& entry) {
          const std::vector<std::string> needs =
              BuiltDependencies(*built.at(std::get<1>(entry)), built);
          return std::all_of(needs.begin(), needs.end(), [&](const auto& name) {
            return loaded.count(name) != 0;
          });
        });
    if (next == waiting.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("modules depend on each other in a circle: ",
                       std::get<1>(*waiting.begin())));
    }
    loaded.insert(std::get<1>(*next));
    order.push_back(built.at(std::get<1>(*next))->name);
    waiting.erase(next);
  }
  return order;
}

absl::Status CheckOrder(const ModulesByName& built,
                        const std::vector<std::string>& selected) {
  std::set<std::string> loaded;
  for (const std::string& name : selected) {
    const auto found = built.find(Canonical(name));
    if (found == built.end()) {
      return absl::NotFoundError(
          absl::StrCat("module ", name, " was not built"));
    }
    for (const std::string& needed : BuiltDependencies(*found->second, built)) {
      if (loaded.count(needed) == 0) {
        return absl::InvalidArgumentError(
            absl::StrCat("module ", name, " must be listed after ", needed,
                         ", which it depends on"));
      }
    }
    loaded.insert(Canonical(name));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<KernelModule> ReadKernelModule(std::string name,
                                              absl::string_view content) {
  elf_version(EV_CURRENT);
  const std::unique_ptr<Elf, EndElf> elf(
      elf_memory(const_cast<char*>(content.data()), content.size()));
  GANTRY_ASSIGN_OR_RETURN(const absl::string_view modinfo,
                          FindSection(elf.get(), ".modinfo"));
  KernelModule module;
  module.name = std::move(name);
  for (absl::string_view entry : absl::StrSplit(modinfo, '\0')) {
    if (!absl::ConsumePrefix(&entry, "depends=")) continue;
    for (absl::string_view depends :
         absl::StrSplit(entry, ',', absl::SkipEmpty())) {
      module.depends.push_back(Canonical(depends));
    }
  }
  return module;
}

absl::StatusOr<std::vector<std::string>> LoadOrder(
    const std::vector<KernelModule>& modules,
    const std::vector<std::string>& selected) {
  ModulesByName built;
  for (const KernelModule& module : modules) {
    built[Canonical(module.name)] = &module;
  }
  if (selected.empty()) return ComputeOrder(built);
  GANTRY_RETURN_IF_ERROR(CheckOrder(built, selected));
  std::vector<std::string> order;
  for (const std::string& name : selected) {
    order.push_back(built.at(Canonical(name))->name);
  }
  return order;
}

}  // namespace gantry::modules
