#ifndef GANTRY_RELEASE_SERVICE_RESOLVE_GPU_H_
#define GANTRY_RELEASE_SERVICE_RESOLVE_GPU_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/coordinates.pb.h"

namespace gantry::service {

// Parses a PCI device ID as sysfs writes it ("0x20b0") or lspci does ("20B0").
// INVALID_ARGUMENT: `text` is not one to four hex digits after the prefix.
absl::StatusOr<uint16_t> ParsePciDeviceId(absl::string_view text);

// Returns why a payload does not support the GPU; empty if it does.  Payloads
// without a driver flavour are not NVIDIA drivers and support every GPU.
//
//   PCI device IDs    generations         flavours     driver         CUDA
//   below 0x1340      before Maxwell      none
//   0x1340 - 0x1dff   Maxwell to Volta    proprietary  up to 580      up to 12
//   0x1e00 - 0x28ff   Turing to Ada       both         any            any
//   from 0x2900       Blackwell           open         570 or newer   any
//
// Sources: NVIDIA open-gpu-kernel-modules, README.md, "Compatible GPUs" (the
// open modules need a GPU system processor, which Turing introduced; PCI
// device IDs); 535 README, appendix A (Maxwell is the oldest generation);
// 570 README, "Open Linux Kernel Modules" (Blackwell needs the open modules);
// CUDA 13.0 release notes (no Maxwell, Pascal and Volta in CUDA 13, and 580 is
// their last driver branch).
std::string UnsupportedGpuReason(uint16_t device_id,
                                 const cell::v1::CellCoordinates& payload);

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_RESOLVE_GPU_H_
