#ifndef GANTRY_RELEASE_SERVICE_STORE_LIMITS_H_
#define GANTRY_RELEASE_SERVICE_STORE_LIMITS_H_

#include <cstddef>

#include "absl/time/time.h"

namespace gantry::service {

// Limits of the release service, which its protos document.  Requests are
// checked against them before they are queued, so that every cell that is
// stored fits into a response: gRPC's clients refuse messages above 4 MiB by
// default.

// Cell.id, and each of the coordinates that it is made of.
inline constexpr size_t kMaxIdBytes = 128;

// Strings that are names: a channel, a worker, a kernel release.
inline constexpr size_t kMaxNameBytes = 256;

// Other strings: a reason, a reference, a log location.
inline constexpr size_t kMaxLineBytes = 4096;

// Serialized CellCoordinates.  More than its strings take.
inline constexpr size_t kMaxCoordinatesBytes = 1 << 10;

// A serialized Payload in a request, with its proof.  The proof of a driver's
// five modules takes about 2 KiB.
inline constexpr size_t kMaxPayloadBytes = 256 << 10;

// The same as it is stored, with the publish_time that the service adds.
inline constexpr size_t kMaxStoredPayloadBytes = kMaxPayloadBytes + 32;

// Cells that one call plans, lists or claims.
inline constexpr int kMaxCellsPerCall = 1000;

// Cells of a page of ListCells.  The last one may go past it.
inline constexpr size_t kMaxPageBytes = 2 << 20;

// A request that is larger is refused by gRPC, without naming a field.
inline constexpr int kMaxRequestBytes = 16 << 20;

inline constexpr absl::Duration kMinLeaseDuration = absl::Seconds(1);
inline constexpr absl::Duration kMaxLeaseDuration = absl::Hours(24);

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_STORE_LIMITS_H_
