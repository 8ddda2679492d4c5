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

// Returns why the driver flavour does not support the GPU; empty if it does.
//
// The open kernel modules need a GPU system processor, which Turing introduced
// (NVIDIA open-gpu-kernel-modules, README.md, "Compatible GPUs"); its lowest
// PCI device ID is 0x1e00.  The proprietary modules support Maxwell (0x1340)
// and newer (535 README, appendix A).
std::string UnsupportedGpuReason(uint16_t device_id,
                                 cell::v1::DriverFlavour flavour);

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_RESOLVE_GPU_H_
