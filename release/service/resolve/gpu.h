#ifndef GANTRY_RELEASE_SERVICE_RESOLVE_GPU_H_
#define GANTRY_RELEASE_SERVICE_RESOLVE_GPU_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/cell.pb.h"

namespace gantry::service {

// The number in "0x20b0", as sysfs writes a PCI device id, or "20B0", as lspci
// does.  INVALID_ARGUMENT unless it is one to four hex digits.
absl::StatusOr<uint16_t> ParsePciDeviceId(absl::string_view text);

// Why a flavour of the driver does not serve the GPU; empty if it does.
//
// The open modules need a GPU system processor, which came with Turing (NVIDIA
// open-gpu-kernel-modules, README.md, "Compatible GPUs"); the first of its PCI
// device ids is 0x1E00.  The proprietary ones serve Maxwell (0x1340) and newer
// (535 README, appendix A).
std::string WhyGpuUnsupported(uint16_t device_id,
                              cell::v1::DriverFlavour flavour);

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_RESOLVE_GPU_H_
