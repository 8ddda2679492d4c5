#include "release/job/work_plan.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/cell_name.h"
#include "base/digest.h"
#include "base/message_digest.h"
#include "base/status_macros.h"
#include "release/plan/recipes.h"

namespace gantry::job {

using ::gantry::matrix::v1::Lock;
using ::gantry::matrix::v1::LockedCell;
using ::gantry::release::v1::Cell;
using ::gantry::release::v1::CellPlan;

namespace {

bool IsUnbuilt(const Cell& cell) {
  return cell.state() != release::v1::CELL_STATE_BUILT &&
         cell.state() != release::v1::CELL_STATE_EXCLUDED &&
         cell.state() != release::v1::CELL_STATE_RETIRED;
}

}  // namespace

bool IsSelected(const std::string& channel,
                const std::vector<std::string>& channels) {
  return channels.empty() ||
         std::find(channels.begin(), channels.end(), channel) != channels.end();
}

absl::StatusOr<std::vector<CellPlan>> CellPlansFromLock(
    const Lock& lock, const std::vector<std::string>& channels) {
  std::set<std::string> known;
  for (const LockedCell& cell : lock.cells()) {
    known.insert(cell.channels().begin(), cell.channels().end());
  }
  for (const auto& failed : lock.failed_channels()) known.insert(failed.name());
  for (const std::string& channel : channels) {
    if (known.count(channel) == 0) {
      return absl::NotFoundError(absl::StrCat("--channel: unknown channel \"",
                                              channel, "\"; expected one of ",
                                              absl::StrJoin(known, ", ")));
    }
  }
  const plan::Recipes recipes(lock);
  std::vector<CellPlan> plans;
  for (const LockedCell& cell : lock.cells()) {
    if (std::none_of(cell.channels().begin(), cell.channels().end(),
                     [&](const std::string& channel) {
                       return IsSelected(channel, channels);
                     })) {
      continue;
    }
    CellPlan plan;
    *plan.mutable_coordinates() = cell.coordinates();
    *plan.mutable_channels() = cell.channels();
    plan.set_exclusion_reason(cell.exclusion_reason());
    GANTRY_ASSIGN_OR_RETURN(*plan.mutable_recipe(), recipes.RecipeOf(cell));
    plans.push_back(std::move(plan));
  }
  return plans;
}

std::vector<std::string> FailedChannels(
    const Lock& lock, const std::vector<std::string>& channels) {
  std::vector<std::string> names;
  for (const auto& failed : lock.failed_channels()) {
    if (IsSelected(failed.name(), channels)) names.push_back(failed.name());
  }
  return names;
}

std::vector<std::string> MissingCellIds(const std::vector<Cell>& cells) {
  std::vector<std::string> ids;
  for (const Cell& cell : cells) {
    if (IsUnbuilt(cell) && cell.state() != release::v1::CELL_STATE_BLOCKED) {
      ids.push_back(cell.id());
    }
  }
  return ids;
}

std::vector<Cell> CellsLeasedTo(const std::string& worker,
                                const std::vector<Cell>& cells) {
  std::vector<Cell> leased;
  for (const Cell& cell : cells) {
    if (cell.state() == release::v1::CELL_STATE_BUILDING &&
        cell.lease().worker() == worker) {
      leased.push_back(cell);
    }
  }
  return leased;
}

std::vector<Cell> PreviewCells(const std::vector<CellPlan>& plans,
                               const std::vector<Cell>& known) {
  std::map<std::string, const Cell*> by_id;
  for (const Cell& cell : known) by_id.emplace(cell.id(), &cell);
  std::vector<Cell> cells;
  for (const CellPlan& plan : plans) {
    const std::string id = CellId(plan.coordinates());
    const auto found = by_id.find(id);
    Cell cell;
    if (found != by_id.end()) {
      cell = *found->second;
      // Another recipe would be built.
      if (plan.recipe().digest() != cell.wanted_recipe().digest() &&
          (cell.state() == release::v1::CELL_STATE_BUILT ||
           cell.state() == release::v1::CELL_STATE_FAILED ||
           cell.state() == release::v1::CELL_STATE_BLOCKED)) {
        cell.set_state(release::v1::CELL_STATE_PLANNED);
        cell.clear_reason();
      }
      cells.push_back(std::move(cell));
      continue;
    }
    cell.set_id(id);
    *cell.mutable_coordinates() = plan.coordinates();
    *cell.mutable_channels() = plan.channels();
    cell.set_reason(plan.exclusion_reason());
    cell.set_state(plan.exclusion_reason().empty()
                       ? release::v1::CELL_STATE_PLANNED
                       : release::v1::CELL_STATE_EXCLUDED);
    cells.push_back(std::move(cell));
  }
  return cells;
}

std::string PlanId(const std::vector<CellPlan>& plans) {
  Sha256 digest;
  for (const CellPlan& plan : plans) digest.Update(MessageDigest(plan));
  return digest.Finish();
}

std::vector<std::vector<Cell>> CompatibleBatches(
    const std::vector<Cell>& cells) {
  struct Batch {
    std::vector<Cell> cells;
    // Digests of fragments by kind and name.
    std::map<std::pair<std::string, std::string>, std::string> fragments;
  };
  std::vector<Batch> batches;
  for (const Cell& cell : cells) {
    const auto& fragments = cell.wanted_recipe().fragments();
    auto batch = std::find_if(
        batches.begin(), batches.end(), [&](const Batch& candidate) {
          return std::none_of(fragments.begin(), fragments.end(),
                              [&](const auto& fragment) {
                                const auto found = candidate.fragments.find(
                                    {fragment.kind(), fragment.name()});
                                return found != candidate.fragments.end() &&
                                       found->second != fragment.digest();
                              });
        });
    if (batch == batches.end()) batch = batches.insert(batch, Batch());
    batch->cells.push_back(cell);
    for (const auto& fragment : fragments) {
      batch->fragments[{fragment.kind(), fragment.name()}] = fragment.digest();
    }
  }
  std::vector<std::vector<Cell>> result;
  for (Batch& batch : batches) result.push_back(std::move(batch.cells));
  return result;
}

bool IsComplete(const std::vector<Cell>& cells) {
  return std::none_of(cells.begin(), cells.end(), IsUnbuilt);
}

}  // namespace gantry::job
