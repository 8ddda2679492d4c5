#include "release/plan/batch_lock.h"

#include <filesystem>
#include <system_error>

#include "base/cell_name.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "proto/coordinates.pb.h"
#include "release/plan/lock_format.h"

namespace gantry::plan {
namespace {

namespace fs = std::filesystem;
using ::gantry::matrix::v1::Lock;
using ::gantry::matrix::v1::LockedCell;
using ::gantry::matrix::v1::LockedDriver;
using ::gantry::matrix::v1::LockedRelease;
using ::gantry::matrix::v1::LockedToolkit;

std::string NameOf(const LockedDriver& driver) {
  cell::v1::CellCoordinates coordinates;
  coordinates.set_version(driver.version());
  coordinates.set_flavour(driver.flavour());
  return DriverName(coordinates);
}

}  // namespace

Lock BatchLock(const Lock& lock, const std::set<std::string>& cell_ids) {
  Lock batch;
  batch.set_matrix_digest(lock.matrix_digest());
  std::set<std::string> releases;
  std::set<std::string> drivers;
  std::set<std::string> toolkits;
  for (const LockedCell& cell : lock.cells()) {
    if (cell_ids.count(cell.id()) == 0) continue;
    *batch.add_cells() = cell;
    releases.insert(cell.coordinates().os_release());
    drivers.insert(DriverName(cell.coordinates()));
    toolkits.insert(cell.coordinates().cuda_version());
  }
  for (const LockedRelease& release : lock.releases()) {
    if (releases.count(release.name()) != 0) *batch.add_releases() = release;
  }
  for (const LockedDriver& driver : lock.drivers()) {
    if (drivers.count(NameOf(driver)) != 0) *batch.add_drivers() = driver;
  }
  for (const LockedToolkit& toolkit : lock.cuda_toolkits()) {
    if (toolkits.count(toolkit.version()) != 0) {
      *batch.add_cuda_toolkits() = toolkit;
    }
  }
  return batch;
}

absl::StatusOr<std::string> WriteBatchLock(const Lock& batch,
                                           const StateDir& state) {
  const std::string directory = state.batch_locks_path();
  GANTRY_ASSIGN_OR_RETURN(const std::string path,
                          WriteLockByContent(batch, directory));
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    if (entry.path() != path) fs::remove(entry.path(), error);
  }
  const fs::path canonical = fs::canonical(path, error);
  if (error) return ErrnoStatus(error.value(), path);
  return canonical.string();
}

}  // namespace gantry::plan
