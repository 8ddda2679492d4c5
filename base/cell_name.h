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

// The driver's part of a cell id: its version, followed by "_proprietary" if it
// has that flavour.
std::string DriverName(const cell::v1::CellCoordinates& coordinates);

// The stable id of a cell:
// "<os
// release>_<architecture>_<product>_<version>[_<flavour>][_cuda<version>]".
// Valid coordinates that differ in more than the kernel release have different
// ids: no part contains "_" or is empty.
std::string CellId(const cell::v1::CellCoordinates& coordinates);

// The image tag of a cell: its id with "--" for "+", which tags may not contain
// (OCI distribution specification, "Pulling manifests").  Also a name in an
// image layout (OCI image specification, "org.opencontainers.image.ref.name").
// Cells with different ids have different tags: no part has "--".
std::string CellTag(const cell::v1::CellCoordinates& coordinates);

// INVALID_ARGUMENT, naming the field: the OS release, architecture, product or
// version is empty, one of these or the CUDA version has characters other than
// letters, digits and single ones of ".+-" between them, or the tag is longer
// than 128 characters.
absl::Status ValidateCoordinates(const cell::v1::CellCoordinates& coordinates);

}  // namespace gantry

#endif  // GANTRY_BASE_CELL_NAME_H_
