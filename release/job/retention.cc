#include "release/job/retention.h"

#include <algorithm>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/proto_time.h"

namespace gantry::job {
namespace {

using ::gantry::matrix::v1::Retention;
using ::gantry::release::v1::Cell;
using ::gantry::release::v1::ChannelHead;
using ::gantry::release::v1::PrunedRevision;
using ::gantry::release::v1::Revision;

constexpr absl::Duration kMonth = absl::Hours(30 * 24);

std::set<std::string> ReleasesInHeads(const std::vector<ChannelHead>& heads) {
  std::set<std::string> releases;
  for (const ChannelHead& head : heads) {
    for (const auto& release : head.releases()) releases.insert(release.name());
  }
  return releases;
}

// Why the policy keeps no revision of the cell; empty if it keeps some.
std::string RetirementReason(const Cell& cell, const Retention& policy,
                             absl::Time now) {
  if (policy.retired_months() == 0 ||
      cell.state() != release::v1::CELL_STATE_RETIRED) {
    return "";
  }
  const absl::Time retired = ToTime(cell.update_time());
  if (now - retired < policy.retired_months() * kMonth) return "";
  return absl::StrCat(
      "the cell was retired on ",
      absl::FormatTime("%Y-%m-%d", retired, absl::UTCTimeZone()), ", ",
      policy.retired_months(), " months ago or more");
}

// Appends those of one cell.
void AppendRevisions(const CellRevisions& cell, bool is_in_head,
                     const Retention& policy, absl::Time now,
                     std::vector<PrunedRevision>& pruned) {
  std::vector<const Revision*> kept;  // Newest first.
  for (const Revision& revision : cell.revisions) {
    if (!revision.has_prune_time()) kept.push_back(&revision);
  }
  std::string reason;
  size_t keep = kept.size();
  if (policy.revisions_per_cell() > 0) {
    keep = std::min(keep, static_cast<size_t>(policy.revisions_per_cell()));
    reason = absl::StrCat("only the newest ", policy.revisions_per_cell(),
                          " of a cell are kept");
  }
  const std::string retirement = RetirementReason(cell.cell, policy, now);
  if (!retirement.empty()) {
    keep = is_in_head ? std::min<size_t>(keep, 1) : 0;
    reason = retirement;
  }
  for (size_t i = kept.size(); i > keep; --i) {
    PrunedRevision& revision = pruned.emplace_back();
    revision.set_cell_id(cell.cell.id());
    revision.set_number(kept[i - 1]->number());
    revision.set_reason(reason);
  }
}

}  // namespace

std::vector<PrunedRevision> RevisionsToPrune(
    const std::vector<CellRevisions>& cells,
    const std::vector<ChannelHead>& heads, const Retention& policy,
    absl::Time now) {
  const std::set<std::string> in_heads = ReleasesInHeads(heads);
  std::vector<PrunedRevision> pruned;
  for (const CellRevisions& cell : cells) {
    // Its worker may be about to record what a revision has.
    if (cell.cell.state() == release::v1::CELL_STATE_BUILDING) continue;
    const bool is_in_head =
        in_heads.count(cell.cell.coordinates().os_release()) != 0;
    AppendRevisions(cell, is_in_head, policy, now, pruned);
  }
  return pruned;
}

}  // namespace gantry::job
