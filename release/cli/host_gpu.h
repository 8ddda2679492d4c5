#ifndef GANTRY_RELEASE_CLI_HOST_GPU_H_
#define GANTRY_RELEASE_CLI_HOST_GPU_H_

#include <string>

namespace gantry::cli {

// The PCI device id of the host's oldest NVIDIA GPU, from the sysfs below
// `rootfs`; empty if there is none.  NVIDIA's device ids grow with the
// generations, and a driver must support every GPU of its host, so that the
// oldest one decides.  Example: "0x1db6".
std::string OldestNvidiaGpu(const std::string& rootfs);

}  // namespace gantry::cli

#endif  // GANTRY_RELEASE_CLI_HOST_GPU_H_
