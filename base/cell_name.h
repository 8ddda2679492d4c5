#ifndef GANTRY_BASE_CELL_NAME_H_
#define GANTRY_BASE_CELL_NAME_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "proto/coordinates.pb.h"

namespace gantry {

// The name of an OS release, as CellCoordinates.os_release defines it.  `id`
// and `version_id` are those of os-release(5).
std::string OsReleaseName(absl::string_view id, absl::string_view version_id,
                          absl::string_view kernel_release);

// The driver's part of a name: its version, and "-proprietary" for that
// flavour.
std::string DriverName(const cell::v1::CellCoordinates& coordinates);

// The stable id of a cell: "<os release>-<driver>-cuda<version>".
std::string CellId(const cell::v1::CellCoordinates& coordinates);

// The image tag of a cell: its id, with "+" as "_" because tags may not hold
// "+" (OCI distribution specification, "Pulling manifests"; Helm does the
// same).
std::string CellTag(const cell::v1::CellCoordinates& coordinates);

// INVALID_ARGUMENT, naming the field, unless the OS release, driver and CUDA
// versions are set and consist of [A-Za-z0-9.+-] and make a tag of at most 128
// characters.
absl::Status ValidateCoordinates(const cell::v1::CellCoordinates& coordinates);

}  // namespace gantry

#endif  // GANTRY_BASE_CELL_NAME_H_
