#include "release/service/store/siblings.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/version_order.h"
#include "proto/attempt.pb.h"

namespace gantry::service {
namespace {

using ::gantry::release::v1::Cell;

constexpr int kNone = -1;

// The cells of one OS release.
struct Unit {
  std::string os_release;
  // Empty if no cell has it.
  std::string kernel_release;
  std::set<std::string> channels;
  std::vector<const Cell*> cells;
  bool passes = false;
  // The cell that makes the unit fail, unless it passes.
  const Cell* failed = nullptr;
  // Whether a cell is being built or could be.
  bool can_be_tried = false;

  bool is_untried() const { return !passes && failed == nullptr; }
};

// In the order of their kernels.
using Series = std::vector<Unit>;

struct OlderRelease {
  bool operator()(const std::string& a, const std::string& b) const {
    const int order = CompareVersions(a, b);
    return order != 0 ? order < 0 : a < b;
  }
};

// Whether the failure is one of the kernel and the driver, so that the unit's
// other cells would fail too.
bool FailsForAllToolkits(const Cell& cell) {
  if (cell.state() != release::v1::CELL_STATE_FAILED ||
      cell.failure().class_() != release::v1::FAILURE_CLASS_DETERMINISTIC) {
    return false;
  }
  const std::string& stage = cell.failure().stage();
  return stage == "container" || stage == "compile" || stage == "proof";
}

bool CanBeTried(const Cell& cell) {
  switch (cell.state()) {
    case release::v1::CELL_STATE_PLANNED:
    case release::v1::CELL_STATE_BLOCKED:
    case release::v1::CELL_STATE_BUILDING:
      return true;
    default:
      return cell.has_next_attempt_time();
  }
}

void AddToUnit(const Cell& cell, Unit& unit) {
  const auto& coordinates = cell.coordinates();
  unit.os_release = coordinates.os_release();
  if (unit.kernel_release.empty()) {
    unit.kernel_release = coordinates.kernel_release();
  }
  unit.channels.insert(cell.channels().begin(), cell.channels().end());
  unit.cells.push_back(&cell);
  if (cell.state() == release::v1::CELL_STATE_BUILT) {
    unit.passes = true;
    unit.failed = nullptr;
  }
  if (!unit.passes && unit.failed == nullptr && FailsForAllToolkits(cell)) {
    unit.failed = &cell;
  }
  unit.can_be_tried = unit.can_be_tried || CanBeTried(cell);
}

// By OS release, from old to new.
std::vector<Unit> UnitsOf(const std::vector<Cell>& cells) {
  std::map<std::string, Unit, OlderRelease> by_release;
  for (const Cell& cell : cells) {
    AddToUnit(cell, by_release[cell.coordinates().os_release()]);
  }
  std::vector<Unit> units;
  for (auto& [os_release, unit] : by_release) units.push_back(std::move(unit));
  return units;
}

// The series of each of the units, which are ordered from old to new.
std::vector<std::string> SeriesNames(const std::vector<Unit>& units) {
  std::vector<std::string> names;
  // Indexes of the newest units so far.
  std::map<std::string, int> newest_in_channel;
  for (const Unit& unit : units) {
    int older = kNone;
    for (const std::string& channel : unit.channels) {
      const auto found = newest_in_channel.find(channel);
      if (found != newest_in_channel.end()) {
        older = std::max(older, found->second);
      }
      newest_in_channel[channel] = static_cast<int>(names.size());
    }
    std::string name = KernelSeries(unit.kernel_release);
    if (name.empty()) name = older == kNone ? unit.os_release : names[older];
    names.push_back(std::move(name));
  }
  return names;
}

// Kernels are compared if all are known: releases of two operating systems may
// be of one series.
void SortByKernel(Series& series) {
  if (std::any_of(series.begin(), series.end(), [](const Unit& unit) {
        return unit.kernel_release.empty();
      })) {
    return;
  }
  std::stable_sort(
      series.begin(), series.end(), [](const Unit& a, const Unit& b) {
        return CompareVersions(a.kernel_release, b.kernel_release) < 0;
      });
}

std::vector<Series> DivideIntoSeries(std::vector<Unit> units) {
  const std::vector<std::string> names = SeriesNames(units);
  std::map<std::string, Series> by_name;
  for (size_t i = 0; i < units.size(); ++i) {
    // Nothing can be learned from a unit that waits for somebody to act.
    if (units[i].is_untried() && !units[i].can_be_tried) continue;
    by_name[names[i]].push_back(std::move(units[i]));
  }
  std::vector<Series> all;
  for (auto& [name, series] : by_name) {
    SortByKernel(series);
    all.push_back(std::move(series));
  }
  return all;
}

int NewestPass(const Series& series) {
  int pass = kNone;
  for (size_t i = 0; i < series.size(); ++i) {
    if (series[i].passes) pass = static_cast<int>(i);
  }
  return pass;
}

// Cells of different units that failed with the same fingerprint.
using AlikeFailures = std::map<std::string, std::vector<const Cell*>>;

AlikeFailures FindAlikeFailures(const Series& series) {
  AlikeFailures by_fingerprint;
  for (const Unit& unit : series) {
    if (unit.failed == nullptr) continue;
    const std::string& fingerprint = unit.failed->failure().fingerprint();
    if (!fingerprint.empty()) {
      by_fingerprint[fingerprint].push_back(unit.failed);
    }
  }
  for (auto it = by_fingerprint.begin(); it != by_fingerprint.end();) {
    it = it->second.size() < 2 ? by_fingerprint.erase(it) : std::next(it);
  }
  return by_fingerprint;
}

// Index of the oldest unit above `pass` that is one of the failures.
int OldestFailure(const Series& series, const AlikeFailures& failures,
                  int pass) {
  for (int i = pass + 1; i < static_cast<int>(series.size()); ++i) {
    if (series[i].failed != nullptr &&
        failures.count(series[i].failed->failure().fingerprint()) != 0) {
      return i;
    }
  }
  return kNone;
}

// Index of the unit between `pass`, which may be kNone, and `failure` that is
// tried next.
int NextTrial(const Series& series, int pass, int failure) {
  int trial = kNone;
  for (int i = pass + 1; i < failure; ++i) {
    if (!series[i].is_untried()) continue;
    if (trial == kNone) trial = i;
    if (pass == kNone) break;
    if (std::abs(2 * i - pass - failure) <
        std::abs(2 * trial - pass - failure)) {
      trial = i;
    }
  }
  return trial;
}

bool MayBeBlocked(const Cell& cell) {
  return (cell.state() == release::v1::CELL_STATE_PLANNED ||
          cell.state() == release::v1::CELL_STATE_BLOCKED) &&
         cell.unblocked_recipe_digest() != cell.wanted_recipe().digest();
}

void BlockIn(const Series& series,
             std::map<std::string, std::string>& blocked) {
  const AlikeFailures failures = FindAlikeFailures(series);
  const int pass = NewestPass(series);
  const int failure = OldestFailure(series, failures, pass);
  if (failure == kNone) return;
  const std::string& fingerprint =
      series[failure].failed->failure().fingerprint();
  const std::vector<const Cell*>& alike = failures.at(fingerprint);
  const std::string reason =
      absl::StrCat("siblings ", alike[0]->id(), " and ", alike[1]->id(),
                   " fail alike: ", fingerprint);
  const int trial = NextTrial(series, pass, failure);
  const int newest = static_cast<int>(series.size()) - 1;
  for (int i = pass + 1; i <= newest; ++i) {
    if (i == trial || (i == newest && series[i].is_untried())) continue;
    for (const Cell* cell : series[i].cells) {
      if (MayBeBlocked(*cell)) blocked.emplace(cell->id(), reason);
    }
  }
}

bool StartsWithDigit(absl::string_view text) {
  return !text.empty() && absl::ascii_isdigit(text[0]);
}

}  // namespace

std::map<std::string, std::string> FindBlocked(const std::vector<Cell>& cells) {
  std::map<std::string, std::string> blocked;
  for (const Series& series : DivideIntoSeries(UnitsOf(cells))) {
    BlockIn(series, blocked);
  }
  return blocked;
}

std::string KernelSeries(absl::string_view kernel_release) {
  const std::vector<absl::string_view> parts =
      absl::StrSplit(kernel_release, '-');
  const std::vector<absl::string_view> numbers = absl::StrSplit(parts[0], '.');
  if (numbers.size() < 2 || !StartsWithDigit(numbers[0]) ||
      !StartsWithDigit(numbers[1])) {
    return "";
  }
  std::vector<absl::string_view> variant;
  for (size_t i = 1; i < parts.size(); ++i) {
    if (!StartsWithDigit(parts[i])) variant.push_back(parts[i]);
  }
  return absl::StrCat(numbers[0], ".", numbers[1], " ",
                      absl::StrJoin(variant, "-"));
}

}  // namespace gantry::service
