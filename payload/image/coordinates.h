#ifndef GANTRY_PAYLOAD_IMAGE_COORDINATES_H_
#define GANTRY_PAYLOAD_IMAGE_COORDINATES_H_

#include "absl/status/statusor.h"
#include "proto/cell.pb.h"
#include "proto/developer_container.pb.h"

namespace gantry::image {

// `wanted` with the kernel release that was read from inside the container.
// FAILED_PRECONDITION: the container is of another OS release than the one that
// is wanted, whatever its file was called and whoever signed it.  A container
// that does not say what it is passes.
absl::StatusOr<cell::v1::CellCoordinates> CompleteCoordinates(
    const cell::v1::CellCoordinates& wanted,
    const builder::v1::DeveloperContainer& container);

}  // namespace gantry::image

#endif  // GANTRY_PAYLOAD_IMAGE_COORDINATES_H_
