#include "base/module_order.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace gantry {

absl::StatusOr<std::vector<std::string>> OrderModules(
    const std::map<std::string, std::vector<std::string>>& depends,
    absl::Span<const absl::string_view> preferred) {
  // Sorted by preference: position in `preferred`, then name.
  std::set<std::pair<ptrdiff_t, std::string>> waiting;
  for (const auto& [name, ignored] : depends) {
    waiting.emplace(
        std::find(preferred.begin(), preferred.end(), name) - preferred.begin(),
        name);
  }
  std::vector<std::string> order;
  std::set<std::string> ordered;
  const auto is_satisfied = [&](const std::string& name) {
    return depends.count(name) == 0 || ordered.count(name) != 0;
  };
  while (!waiting.empty()) {
    const auto next =
        std::find_if(waiting.begin(), waiting.end(), [&](const auto& entry) {
          const std::vector<std::string>& needed = depends.at(entry.second);
          return std::all_of(needed.begin(), needed.end(), is_satisfied);
        });
    if (next == waiting.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("modules depend on each other in a cycle: ",
                       waiting.begin()->second));
    }
    order.push_back(next->second);
    ordered.insert(next->second);
    waiting.erase(next);
  }
  return order;
}

}  // namespace gantry
