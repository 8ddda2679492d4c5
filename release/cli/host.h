#ifndef GANTRY_RELEASE_CLI_HOST_H_
#define GANTRY_RELEASE_CLI_HOST_H_

#include <string>

#include "absl/status/statusor.h"

namespace gantry::cli {

// What a node is, in the terms of ResolveRequest.
struct Host {
  std::string os_release;
  std::string kernel_release;
  // Empty: no NVIDIA GPU was found.
  std::string gpu_device_id;
};

// Reads os-release(5) and sysfs below `rootfs` ("/", or where a container has
// the host's root).  `kernel_release` empty: the running kernel's.  Of several
// GPUs the one with the smallest device id counts, the oldest generation: the
// driver must serve them all.
//
// NOT_FOUND: no os-release file.  FAILED_PRECONDITION: it names no release.
absl::StatusOr<Host> DetectHost(const std::string& rootfs,
                                const std::string& kernel_release);

}  // namespace gantry::cli

#endif  // GANTRY_RELEASE_CLI_HOST_H_
