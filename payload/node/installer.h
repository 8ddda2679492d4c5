#ifndef GANTRY_PAYLOAD_NODE_INSTALLER_H_
#define GANTRY_PAYLOAD_NODE_INSTALLER_H_

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "payload/node/folder.h"

namespace gantry::node {

struct InstallOptions {
  // Folder with /gantry/manifest.binpb and /payload.
  std::string image_root = "/";
  // Root of the host.
  std::string rootfs = "/rootfs";
  // Empty: that of the running kernel.
  std::string kernel_release;
  // Hash installed files too, and not only look at size, mode and type.
  bool verify = false;
  // Only say what would be done.
  bool dry_run = false;
  bool run_ldconfig = true;
  // Where to show progress; null: nowhere.
  std::FILE* progress_stream = nullptr;
  BeforeOperation before_operation;
};

struct InstallResult {
  struct Target {
    // "nvidia" or "cuda".
    std::string name;
    // On the host: "/opt/cuda/12.4".
    std::string path;
    // The folder or `current` was not so before.
    bool changed = false;
  };
  std::vector<Target> targets;
  bool changed = false;
  int64_t bytes_copied = 0;
  int64_t files_copied = 0;
  // What would have been done, with dry_run.
  std::string plan;
  // What failed without making the installation useless.
  std::vector<std::string> warnings;
};

// Installs the payload of an image on a host: the whole of the installer's
// work.  Errors carry the exit code (see exit_code.h); after each, what was
// installed before works as before.
absl::StatusOr<InstallResult> Install(const InstallOptions& options);

// One line for people.
std::string FormatSummary(const InstallResult& result);

// One JSON object: {"changed", "cuda": {"path", "changed"} or null, "nvidia":
// the same, "bytes_copied", "files_copied"}.
absl::StatusOr<std::string> ResultJson(const InstallResult& result);

}  // namespace gantry::node

#endif  // GANTRY_PAYLOAD_NODE_INSTALLER_H_
