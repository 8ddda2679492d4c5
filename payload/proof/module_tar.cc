#include "payload/proof/module_tar.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "base/status_macros.h"
#include "payload/proof/tar_files.h"

namespace gantry::proof {

absl::StatusOr<std::vector<NamedModule>> ReadModuleTar(
    const std::string& path) {
  GANTRY_ASSIGN_OR_RETURN(
      auto files, ReadTarFiles(path, [](absl::string_view name) {
        return absl::EndsWith(name, ".ko") || name == "modules.order";
      }));
  const auto order = files.find("modules.order");
  if (order == files.end()) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": no modules.order"));
  }
  const std::string names = std::move(order->second);
  files.erase(order);
  std::vector<NamedModule> modules;
  for (const absl::string_view name :
       absl::StrSplit(names, '\n', absl::SkipWhitespace())) {
    auto file = files.find(absl::StrCat(name, ".ko"));
    if (file == files.end()) {
      return absl::InvalidArgumentError(absl::StrCat(
          path, ": modules.order lists ", name, ", which has no file"));
    }
    modules.push_back({std::string(name), std::move(file->second)});
    files.erase(file);
  }
  if (!files.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, ": modules.order does not list ", files.begin()->first));
  }
  if (modules.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": no modules"));
  }
  return modules;
}

}  // namespace gantry::proof
