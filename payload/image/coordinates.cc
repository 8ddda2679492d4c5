#include "payload/image/coordinates.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/cell_name.h"

namespace gantry::image {

absl::StatusOr<cell::v1::CellCoordinates> CompleteCoordinates(
    const cell::v1::CellCoordinates& requested,
    const builder::v1::DeveloperContainer& container) {
  if (!container.os_id().empty()) {
    const std::string inside =
        OsReleaseName(container.os_id(), container.os_version_id(),
                      container.kernel_release());
    if (inside != requested.os_release()) {
      return absl::FailedPreconditionError(
          absl::StrCat("the developer container has OS release ", inside,
                       ", not ", requested.os_release()));
    }
  }
  cell::v1::CellCoordinates coordinates = requested;
  coordinates.set_kernel_release(container.kernel_release());
  return coordinates;
}

}  // namespace gantry::image
