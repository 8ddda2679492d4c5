#ifndef GANTRY_BASE_CELL_NAME_H_
#define GANTRY_BASE_CELL_NAME_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "proto/coordinates.pb.h"

namespace gantry {

// The name of an OS release, as CellCoordinates.os_release defines it.  `id`
// and `version_id` are the fields of os-release(5).
std::string OsReleaseName(absl::string_view id, absl::string_view version_id,
                          absl::string_view kernel_release);

// The driver's part of a cell id: its version, followed by "-proprietary" if it
// has that flavour.
std::string DriverName(const cell::v1::CellCoordinates& coordinates);

// The stable id of a cell: "<os release>-<driver>-cuda<version>".
std::string CellId(const cell::v1::CellCoordinates& coordinates);

// The image tag of a cell: its id with "_" for "+", which tags may not contain
// (OCI distribution specification, "Pulling manifests"; Helm does the same).
std::string CellTag(const cell::v1::CellCoordinates& coordinates);

// INVALID_ARGUMENT, naming the field: the OS release, driver version or CUDA
// version is empty or has characters outside [A-Za-z0-9.+-], or the tag is
// longer than 128 characters.
absl::Status ValidateCoordinates(const cell::v1::CellCoordinates& coordinates);

}  // namespace gantry

#endif  // GANTRY_BASE_CELL_NAME_H_
