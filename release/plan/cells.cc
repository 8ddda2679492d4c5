#include "release/plan/cells.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/cell_name.h"
#include "base/status_macros.h"
#include "proto/coordinates.pb.h"
#include "release/plan/minimum_driver.h"

namespace gantry::plan {
namespace {

using ::gantry::matrix::v1::Exclusion;
using ::gantry::matrix::v1::Lock;
using ::gantry::matrix::v1::LockedCell;
using ::gantry::matrix::v1::LockedDriver;
using ::gantry::matrix::v1::LockedRelease;
using ::gantry::matrix::v1::LockedToolkit;
using ::gantry::matrix::v1::Matrix;

// What discovery finds today.
constexpr char kArchitecture[] = "amd64";
constexpr char kProduct[] = "nvidia";

// Whether the exclusion matches the cell as one of `channel`.
bool Matches(const Exclusion& exclusion, const LockedCell& cell,
             const std::string& channel) {
  const auto& coordinates = cell.coordinates();
  return (exclusion.channel().empty() || exclusion.channel() == channel) &&
         absl::StartsWith(coordinates.os_release(), exclusion.os_release()) &&
         absl::StartsWith(coordinates.version(), exclusion.driver()) &&
         absl::StartsWith(coordinates.cuda_version(), exclusion.cuda());
}

// The position in the matrix of the first exclusion that matches the cell as
// one of `channel`; the number of exclusions if none does.
int FindExclusion(const Matrix& matrix, const LockedCell& cell,
                  const std::string& channel) {
  int position = 0;
  while (position < matrix.exclusions_size() &&
         !Matches(matrix.exclusions(position), cell, channel)) {
    ++position;
  }
  return position;
}

std::string ExclusionReason(const Matrix& matrix, const LockedCell& cell) {
  int first = matrix.exclusions_size();
  int last = -1;
  for (const std::string& channel : cell.channels()) {
    const int position = FindExclusion(matrix, cell, channel);
    first = std::min(first, position);
    last = std::max(last, position);
  }
  // The last position is that of an exclusion only if all are.
  if (first <= last && last < matrix.exclusions_size()) {
    return matrix.exclusions(first).reason();
  }
  const auto& coordinates = cell.coordinates();
  // CUDA's requirements apply only to NVIDIA's drivers.
  if (coordinates.flavour() == cell::v1::DRIVER_FLAVOUR_UNSPECIFIED) return "";
  return IncompatibilityReason(coordinates.version(),
                               coordinates.cuda_version());
}

LockedCell MakeCell(const Matrix& matrix, const LockedRelease& release,
                    const LockedDriver& driver, const LockedToolkit& toolkit) {
  LockedCell cell;
  auto& coordinates = *cell.mutable_coordinates();
  coordinates.set_os_release(release.name());
  coordinates.set_architecture(kArchitecture);
  coordinates.set_product(kProduct);
  coordinates.set_version(driver.version());
  coordinates.set_flavour(driver.flavour());
  coordinates.set_cuda_version(toolkit.version());
  cell.set_id(CellId(coordinates));
  *cell.mutable_channels() = release.channels();
  cell.set_exclusion_reason(ExclusionReason(matrix, cell));
  return cell;
}

}  // namespace

absl::Status AddCells(const Matrix& matrix, Lock& lock) {
  std::map<std::string, LockedCell> cells;
  for (const LockedRelease& release : lock.releases()) {
    for (const LockedDriver& driver : lock.drivers()) {
      for (const LockedToolkit& toolkit : lock.cuda_toolkits()) {
        LockedCell cell = MakeCell(matrix, release, driver, toolkit);
        GANTRY_RETURN_IF_ERROR(ValidateCoordinates(cell.coordinates()));
        const std::string id = cell.id();
        if (!cells.emplace(id, std::move(cell)).second) {
          return absl::InvalidArgumentError(
              absl::StrCat("duplicate cell \"", id,
                           "\": drivers or toolkits of the matrix resolve to "
                           "the same version"));
        }
      }
    }
  }
  for (auto& [id, cell] : cells) *lock.add_cells() = std::move(cell);
  return absl::OkStatus();
}

}  // namespace gantry::plan
