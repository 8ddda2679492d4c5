#ifndef GANTRY_PAYLOAD_IMAGE_COORDINATES_H_
#define GANTRY_PAYLOAD_IMAGE_COORDINATES_H_

#include "absl/status/statusor.h"
#include "proto/coordinates.pb.h"
#include "proto/developer_container.pb.h"

namespace gantry::image {

// Returns `requested` with the kernel release that was read from the container.
//
// FAILED_PRECONDITION: the container has another OS release than requested,
// whatever its file is named and whoever signed it.  A container without an OS
// release is accepted.
absl::StatusOr<cell::v1::CellCoordinates> CompleteCoordinates(
    const cell::v1::CellCoordinates& requested,
    const builder::v1::DeveloperContainer& container);

}  // namespace gantry::image

#endif  // GANTRY_PAYLOAD_IMAGE_COORDINATES_H_
