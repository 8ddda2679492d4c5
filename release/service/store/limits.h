#ifndef GANTRY_RELEASE_SERVICE_STORE_LIMITS_H_
#define GANTRY_RELEASE_SERVICE_STORE_LIMITS_H_

#include <cstddef>

#include "absl/time/time.h"

namespace gantry::service {

// Limits of the release service, as its protos document them.  Requests are
// checked before they are queued, so that every stored cell fits into a
// response: by default, gRPC clients refuse messages larger than 4 MiB.

// Cell.id, and each coordinate that is part of it.
inline constexpr size_t kMaxIdBytes = 128;

// Names, such as those of channels, workers and kernel releases.
inline constexpr size_t kMaxNameBytes = 256;

// All other strings, such as reasons, references and log URIs.
inline constexpr size_t kMaxLineBytes = 4096;

// Serialized CellCoordinates; more than strings of the permitted lengths need.
inline constexpr size_t kMaxCoordinatesBytes = 1 << 10;

// A serialized Payload in a request, including its proof.  The proof of a
// driver's five modules has about 2 KiB.
inline constexpr size_t kMaxPayloadBytes = 256 << 10;

// A stored Payload, which includes the publish_time that the service adds.
inline constexpr size_t kMaxStoredPayloadBytes = kMaxPayloadBytes + 32;

// A serialized Recipe; more than fragments and epochs of the permitted numbers
// need.
inline constexpr size_t kMaxRecipeBytes = 8 << 10;

// The content of a fragment, and its keyring, each.
inline constexpr size_t kMaxFragmentContentBytes = 1 << 20;

// A serialized Fragment: sources have little more than the content.
inline constexpr size_t kMaxFragmentBytes = 3 << 20;

// The log of an attempt.
inline constexpr size_t kMaxLogBytes = 1 << 20;

inline constexpr int kMaxChannelsPerCell = 16;

inline constexpr int kMaxReleasesPerHead = 1000;

// Stages, and architectures, that a worker names.
inline constexpr int kMaxCapabilities = 16;

// Cells that one call may plan, list or claim.
inline constexpr int kMaxCellsPerCall = 1000;

// Serialized records of one page of a list; the last record may exceed it.
inline constexpr size_t kMaxPageBytes = 2 << 20;

// gRPC refuses larger requests with an error that names no field.
inline constexpr int kMaxRequestBytes = 16 << 20;

inline constexpr absl::Duration kMinLeaseDuration = absl::Seconds(1);
inline constexpr absl::Duration kMaxLeaseDuration = absl::Hours(24);

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_STORE_LIMITS_H_
