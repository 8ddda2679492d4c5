#ifndef GANTRY_PAYLOAD_NODE_INSTALLER_H_
#define GANTRY_PAYLOAD_NODE_INSTALLER_H_

#include <cstdio>
#include <string>

#include "absl/status/statusor.h"
#include "payload/node/install_result.h"
#include "payload/node/new_file.h"

namespace gantry::node {

struct InstallOptions {
  // The directory that contains gantry/manifest.binpb and payload/.
  std::string image_root = "/";
  // The root of the host.
  std::string rootfs = "/rootfs";
  // Empty: the kernel release of the running kernel.
  std::string kernel_release;
  // Hash installed files, instead of checking only size, mode and type.
  bool verify = false;
  // Return the plan and change nothing.
  bool dry_run = false;
  bool run_ldconfig = true;
  // Where to show progress; null: nowhere.
  std::FILE* progress_stream = nullptr;
  BeforeOperation before_operation;
};

// Installs the payload of an image on a host.  Errors carry an exit code (see
// exit_code.h); after any of them, what was installed before still works.
absl::StatusOr<InstallResult> Install(const InstallOptions& options);

}  // namespace gantry::node

#endif  // GANTRY_PAYLOAD_NODE_INSTALLER_H_
