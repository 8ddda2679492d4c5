#include "base/failure_groups.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "proto/attempt.pb.h"

namespace gantry {

using ::gantry::release::v1::Cell;

std::vector<FailureGroup> GroupFailures(const std::vector<Cell>& cells) {
  std::map<std::tuple<bool, std::string, std::string>, FailureGroup> by_cause;
  for (const Cell& cell : cells) {
    const std::string& fingerprint = cell.failure().fingerprint();
    const bool is_blocked = cell.state() == release::v1::CELL_STATE_BLOCKED;
    FailureGroup& group = by_cause[{is_blocked, fingerprint,
                                    fingerprint.empty() ? cell.reason() : ""}];
    if (group.ids.empty()) {
      group.is_blocked = is_blocked;
      group.fingerprint = fingerprint;
      group.reason = cell.reason();
    }
    group.ids.push_back(cell.id());
  }
  std::vector<FailureGroup> groups;
  for (auto& [cause, group] : by_cause) groups.push_back(std::move(group));
  std::stable_sort(groups.begin(), groups.end(),
                   [](const FailureGroup& a, const FailureGroup& b) {
                     return a.ids.size() > b.ids.size();
                   });
  return groups;
}

}  // namespace gantry
