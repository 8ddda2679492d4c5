#include "release/plan/summary.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "base/text_table.h"
#include "proto/coordinates.pb.h"
#include "proto/matrix.pb.h"

namespace gantry::plan {
namespace {

using ::gantry::matrix::v1::Lock;

std::string FlavourName(cell::v1::DriverFlavour flavour) {
  return flavour == cell::v1::DRIVER_FLAVOUR_UNSPECIFIED
             ? ""
             : absl::AsciiStrToLower(absl::StripPrefix(
                   cell::v1::DriverFlavour_Name(flavour), "DRIVER_FLAVOUR_"));
}

std::string CellCount(const Lock& lock) {
  const auto excluded = std::count_if(
      lock.cells().begin(), lock.cells().end(),
      [](const auto& cell) { return !cell.exclusion_reason().empty(); });
  return excluded == 0
             ? absl::StrCat(lock.cells_size())
             : absl::StrCat(lock.cells_size(), ", ", excluded, " excluded");
}

}  // namespace

std::string FormatSummary(const Lock& lock, absl::string_view lock_path) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& release : lock.releases()) {
    rows.push_back(
        {"release", release.name(),
         absl::StrCat(release.channels_size() == 1 ? "channel " : "channels ",
                      absl::StrJoin(release.channels(), ", "))});
  }
  for (const auto& driver : lock.drivers()) {
    rows.push_back({"driver", driver.version(), FlavourName(driver.flavour())});
  }
  for (const auto& toolkit : lock.cuda_toolkits()) {
    rows.push_back({"cuda", toolkit.version(),
                    absl::StrCat(toolkit.components_size(), " components")});
  }
  for (const auto& channel : lock.failed_channels()) {
    rows.push_back({"failed", channel.name(),
                    absl::StrCat("channel of ",
                                 matrix::v1::Family_Name(channel.family()))});
  }
  rows.push_back({"cells", CellCount(lock)});
  rows.push_back({"lock", std::string(lock_path)});
  return FormatTextTable(rows);
}

}  // namespace gantry::plan
