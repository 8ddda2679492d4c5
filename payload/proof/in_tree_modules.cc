#include "payload/proof/in_tree_modules.h"

#include <map>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "base/modinfo.h"
#include "base/module_order.h"
#include "base/relative_path.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "payload/proof/elf_module.h"
#include "payload/proof/tar_files.h"

namespace gantry::proof {
namespace {

// The kernel name of the in-tree module at `path`; empty: not an in-tree
// module.
std::string InTreeModuleName(absl::string_view path,
                             absl::string_view kernel_release) {
  absl::ConsumePrefix(&path, "usr/");
  const size_t slash = path.find('/');
  if (!absl::StartsWith(path, "lib") || slash == path.npos) return "";
  path.remove_prefix(slash);
  if (!absl::ConsumePrefix(&path,
                           absl::StrCat("/modules/", kernel_release, "/"))) {
    return "";
  }
  for (const absl::string_view suffix : {".xz", ".zst", ".gz"}) {
    if (absl::ConsumeSuffix(&path, suffix)) break;
  }
  if (!absl::ConsumeSuffix(&path, ".ko")) return "";
  return KernelModuleName(BaseName(path));
}

}  // namespace

absl::StatusOr<std::vector<NamedModule>> ReadInTreeModules(
    const std::string& root_tar, const std::string& kernel_release,
    const std::set<std::string>& names) {
  std::map<std::string, NamedModule> modules;
  std::map<std::string, std::vector<std::string>> depends;
  // The modules to find, each with the module that needs it.  Every pass over
  // the tar goes one level deeper.
  std::map<std::string, std::string> missing;
  for (const std::string& name : names) missing[name] = "a module under proof";
  while (!missing.empty()) {
    GANTRY_ASSIGN_OR_RETURN(
        const auto files, ReadTarFiles(root_tar, [&](absl::string_view path) {
          return missing.count(InTreeModuleName(path, kernel_release)) != 0;
        }));
    std::map<std::string, std::string> next;
    for (const auto& [path, content] : files) {
      const std::string name = InTreeModuleName(path, kernel_release);
      missing.erase(name);
      auto bytes = Decompress(content);
      if (!bytes.ok()) return Annotate(bytes.status(), path);
      const auto module = ParseElfModule(*bytes);
      if (!module.ok()) return Annotate(module.status(), path);
      depends[name] = module->modinfo.Depends();
      modules[name] = {name, *std::move(bytes)};
      for (const std::string& other : depends[name]) next[other] = name;
    }
    if (!missing.empty()) {
      const auto& [name, needed_by] = *missing.begin();
      return absl::NotFoundError(
          absl::StrCat(root_tar, ": kernel ", kernel_release, " has no module ",
                       name, ", which ", needed_by, " needs"));
    }
    for (const auto& [name, needed_by] : next) {
      if (modules.count(name) == 0) missing[name] = needed_by;
    }
  }
  GANTRY_ASSIGN_OR_RETURN(const std::vector<std::string> order,
                          OrderModules(depends, {}));
  std::vector<NamedModule> ordered;
  for (const std::string& name : order) {
    ordered.push_back(std::move(modules.at(name)));
  }
  return ordered;
}

}  // namespace gantry::proof
