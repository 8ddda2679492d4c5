#include "release/service/store/siblings.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/cell_name.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/attempt.pb.h"
#include "proto/cell.pb.h"

namespace gantry::service {
namespace {

using ::gantry::release::v1::Cell;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

// A planned cell of the OS release.
Cell Planned(const std::string& os_release) {
  Cell cell;
  auto& coordinates = *cell.mutable_coordinates();
  coordinates.set_os_release(os_release);
  coordinates.set_architecture("amd64");
  coordinates.set_product("nvidia");
  coordinates.set_version("535");
  coordinates.set_cuda_version("12.4");
  cell.set_id(CellId(coordinates));
  cell.add_channels("stable");
  cell.set_state(release::v1::CELL_STATE_PLANNED);
  cell.mutable_wanted_recipe()->set_digest("recipe");
  return cell;
}

void Fail(Cell& cell, const std::string& fingerprint,
          const std::string& stage = "compile") {
  cell.set_state(release::v1::CELL_STATE_FAILED);
  auto& failure = *cell.mutable_failure();
  failure.set_class_(release::v1::FAILURE_CLASS_DETERMINISTIC);
  failure.set_stage(stage);
  failure.set_fingerprint(fingerprint);
}

// Planned cells of the releases flatcar-1, flatcar-2, ...
//
// Each character is the state of a cell: "." planned, "P" built, "b" being
// built, "i" failed for reasons of the infrastructure and tried again, "s" the
// same but parked, "u" unblocked by a request, and others failed with that
// fingerprint.
std::vector<Cell> Cells(const std::string& states) {
  std::vector<Cell> cells;
  for (const char state : states) {
    Cell cell = Planned(absl::StrCat("flatcar-", cells.size() + 1));
    switch (state) {
      case '.':
        break;
      case 'P':
        cell.set_state(release::v1::CELL_STATE_BUILT);
        break;
      case 'b':
        cell.set_state(release::v1::CELL_STATE_BUILDING);
        break;
      case 'i':
        cell.mutable_next_attempt_time()->set_seconds(1);
        [[fallthrough]];
      case 's':
        cell.set_state(release::v1::CELL_STATE_FAILED);
        cell.mutable_failure()->set_class_(
            release::v1::FAILURE_CLASS_INFRASTRUCTURE);
        break;
      case 'u':
        cell.set_unblocked_recipe_digest("recipe");
        break;
      default:
        Fail(cell, std::string(1, state));
    }
    cells.push_back(cell);
  }
  return cells;
}

// "#" for each cell that is blocked, otherwise "-".
std::string Blocked(const std::vector<Cell>& cells) {
  const auto blocked = FindBlocked(cells);
  std::string text;
  for (const Cell& cell : cells) text += blocked.count(cell.id()) ? '#' : '-';
  return text;
}

TEST(SiblingsTest, BisectsOneSeries) {
  const struct {
    const char* states;
    const char* blocked;
  } cases[] = {
      // Nothing is known yet, or not enough.
      {"......", "------"},
      {"..x...", "------"},
      {"P.x...", "------"},
      {"..x.y.", "------"},
      // Newest and oldest first.
      {"..xx..", "-#--#-"},
      {"..xy.x", "-#--#-"},
      // Then halfway between the newest pass and the oldest failure above it.
      {"P......xx..x", "-##-###--##-"},
      {"P..P...xx..x", "----#-#--##-"},
      {"P...x...x..x", "-#-#-###-##-"},
      {"P..Px...x..x", "-----###-##-"},
      // The oldest fails too.
      {"x...x", "-###-"},
      {"x..x.", "-##--"},
      // All below a pass are free, whatever failed.
      {"x.x.P", "-----"},
      {"xx.P..x", "-----#-"},
      // A failure of its own fingerprint does not bound the search, and neither
      // do those that are being built.
      {"P.y....xx", "-#--###--"},
      {"P..b...xx", "-##-###--"},
      {"P..i...xx", "-##-###--"},
      // What waits for somebody is not waited for.
      {"P..s...xx", "-##--##--"},
      {"s.x.x", "---#-"},
      {"..xxs", "-#---"},
      {"..xx.s", "-#----"},
      // Requested cells are free.
      {".u.xx.u.", "--#--#--"},
  };
  for (const auto& [states, blocked] : cases) {
    EXPECT_EQ(Blocked(Cells(states)), blocked) << states;
  }
}

TEST(SiblingsTest, ReasonNamesTwoSiblingsAndTheFingerprint) {
  std::vector<Cell> cells = Cells("x.x");
  EXPECT_THAT(
      FindBlocked(cells),
      ElementsAre(Pair(cells[1].id(),
                       "siblings flatcar-1_amd64_nvidia_535_cuda12.4 and "
                       "flatcar-3_amd64_nvidia_535_cuda12.4 fail alike: x")));
}

TEST(SiblingsTest, BlockedCellsStayBlocked) {
  std::vector<Cell> cells = Cells("x.x");
  cells[1].set_state(release::v1::CELL_STATE_BLOCKED);
  EXPECT_EQ(Blocked(cells), "-#-");
}

TEST(SiblingsTest, OnlyFailuresOfTheKernelCount) {
  for (const char* stage : {"container", "compile", "proof"}) {
    std::vector<Cell> cells = Cells("...");
    Fail(cells[0], "x", stage);
    Fail(cells[2], "x", stage);
    EXPECT_EQ(Blocked(cells), "-#-") << stage;
  }
  for (const char* stage : {"fetch", "userland", "image", "publish", "job"}) {
    std::vector<Cell> cells = Cells("...");
    Fail(cells[0], "x", stage);
    Fail(cells[2], "x", stage);
    EXPECT_THAT(FindBlocked(cells), IsEmpty()) << stage;
  }
  std::vector<Cell> without_fingerprints = Cells("...");
  Fail(without_fingerprints[0], "");
  Fail(without_fingerprints[2], "");
  EXPECT_THAT(FindBlocked(without_fingerprints), IsEmpty());
}

TEST(SiblingsTest, CellsOfOneReleaseAreOneUnit) {
  std::vector<Cell> cells = Cells("xx");
  cells[1].mutable_coordinates()->set_os_release("flatcar-1");
  cells.push_back(Planned("flatcar-0"));
  cells.push_back(Planned("flatcar-2"));
  EXPECT_THAT(FindBlocked(cells), IsEmpty());

  // The other cells of a unit that failed would fail too.
  cells = Cells("x.x");
  cells[1].mutable_coordinates()->set_os_release("flatcar-1");
  EXPECT_EQ(Blocked(cells), "-#-");
  // One that is built shows that the driver supports the kernel.
  cells = Cells("x.xP");
  cells[1].mutable_coordinates()->set_os_release("flatcar-3");
  cells[3].mutable_coordinates()->set_os_release("flatcar-3");
  EXPECT_THAT(FindBlocked(cells), IsEmpty());
}

TEST(SiblingsTest, ReleasesHaveTheOrderOfVersions) {
  std::vector<Cell> cells = Cells("x.x");
  cells[0].mutable_coordinates()->set_os_release("flatcar-9.10");
  cells[1].mutable_coordinates()->set_os_release("flatcar-9.2");
  cells[2].mutable_coordinates()->set_os_release("flatcar-10.1");
  // It is the oldest.
  EXPECT_THAT(FindBlocked(cells), IsEmpty());
}

TEST(SiblingsTest, SeriesOfOneDriverAreIndependent) {
  std::vector<Cell> cells = Cells("xx.xx..");
  for (size_t i = 0; i < cells.size(); ++i) {
    cells[i].mutable_coordinates()->set_kernel_release(
        absl::StrCat(i < 3 ? "6.1." : "6.6.", i, "-flatcar"));
  }
  EXPECT_EQ(Blocked(cells), "-----#-");
}

TEST(SiblingsTest, UnknownKernelIsOfTheSeriesOfTheNextOlderInAChannel) {
  std::vector<Cell> cells = Cells("P.xx.P..xx..");
  cells[0].mutable_coordinates()->set_kernel_release("6.1.1-flatcar");
  cells[5].mutable_coordinates()->set_kernel_release("6.6.1-flatcar");
  EXPECT_EQ(Blocked(cells), "-------#--#-");
  for (Cell& cell : cells) cell.clear_channels();
  EXPECT_THAT(FindBlocked(cells), IsEmpty());
}

TEST(SiblingsTest, KnownKernelsDecideTheOrder) {
  std::vector<Cell> cells = Cells("Px.x");
  const std::vector<std::string> kernels = {
      "6.12.10+deb12-amd64", "6.12.95+deb12-amd64", "6.12.50+deb13-amd64",
      "6.12.95+deb13-amd64"};
  for (size_t i = 0; i < cells.size(); ++i) {
    cells[i].mutable_coordinates()->set_kernel_release(kernels[i]);
  }
  EXPECT_THAT(FindBlocked(cells), IsEmpty());
}

TEST(SiblingsTest, KernelSeries) {
  EXPECT_EQ(KernelSeries("6.1.0-56-cloud-amd64"), "6.1 cloud-amd64");
  EXPECT_EQ(KernelSeries("6.12.95+deb13-amd64"), "6.12 amd64");
  EXPECT_EQ(KernelSeries("6.6.95-flatcar"), "6.6 flatcar");
  EXPECT_EQ(KernelSeries("6.6"), "6.6 ");
  for (const char* unknown : {"", "6", "6-flatcar", "6.x", "linux-6.6"}) {
    EXPECT_EQ(KernelSeries(unknown), "") << unknown;
  }
}

// A driver that supports the first `supported` of some kernels.
struct Boundary {
  int kernels;
  int supported;
  // The fingerprint of each failure.
  std::function<std::string(int kernel)> fingerprint;
  // Whether kernels are known before they are built.
  bool kernels_are_known;
};

// Builds free cells in random order until there are none.  Returns the cells.
std::vector<Cell> BuildAll(const Boundary& boundary, std::mt19937& random) {
  std::vector<Cell> cells = Cells(std::string(boundary.kernels, '.'));
  const auto set_kernel = [&](int i) {
    cells[i].mutable_coordinates()->set_kernel_release(
        absl::StrCat("6.6.", i, "-flatcar"));
  };
  for (int i = 0; i < boundary.kernels && boundary.kernels_are_known; ++i) {
    set_kernel(i);
  }
  while (true) {
    const auto blocked = FindBlocked(cells);
    std::vector<int> free;
    for (int i = 0; i < boundary.kernels; ++i) {
      if (cells[i].state() == release::v1::CELL_STATE_PLANNED &&
          blocked.count(cells[i].id()) == 0) {
        free.push_back(i);
      }
    }
    if (free.empty()) return cells;
    const int i = free[random() % free.size()];
    if (i < boundary.supported) {
      cells[i].set_state(release::v1::CELL_STATE_BUILT);
      set_kernel(i);
    } else {
      Fail(cells[i], boundary.fingerprint(i));
    }
  }
}

// Few attempts fail, and all that the driver supports is built.
void CheckBoundary(const Boundary& boundary, std::mt19937& random) {
  SCOPED_TRACE(absl::StrCat(boundary.supported, " of ", boundary.kernels));
  int built = 0, failed = 0;
  for (const Cell& cell : BuildAll(boundary, random)) {
    if (cell.state() == release::v1::CELL_STATE_BUILT) ++built;
    if (cell.state() == release::v1::CELL_STATE_FAILED) ++failed;
  }
  EXPECT_EQ(built, boundary.supported);
  EXPECT_LE(failed, 4 + std::log2(boundary.kernels));
  EXPECT_GE(failed, std::min(2, boundary.kernels - boundary.supported));
}

TEST(SiblingsTest, FindsAnyBoundaryWithFewFailures) {
  std::mt19937 random(1);
  const auto one = [](int) { return "x"; };
  for (const bool known : {false, true}) {
    for (int kernels = 1; kernels <= 16; ++kernels) {
      for (int supported = 0; supported <= kernels; ++supported) {
        CheckBoundary({kernels, supported, one, known}, random);
      }
    }
    for (int supported : {0, 1, 49, 64, 98, 99, 100}) {
      CheckBoundary({100, supported, one, known}, random);
    }
  }
}

TEST(SiblingsTest, FindsTheBoundaryWithTwoFingerprints) {
  std::mt19937 random(2);
  for (int kernels = 2; kernels <= 16; ++kernels) {
    for (int supported = 0; supported <= kernels; ++supported) {
      CheckBoundary({kernels, supported,
                     [](int i) { return i % 2 == 0 ? "x" : "y"; }, true},
                    random);
      const int other = static_cast<int>(random() % (kernels + 1));
      CheckBoundary({kernels, supported,
                     [&](int i) { return i < other ? "x" : "y"; }, false},
                    random);
    }
  }
}

}  // namespace
}  // namespace gantry::service
