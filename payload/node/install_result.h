#ifndef GANTRY_PAYLOAD_NODE_INSTALL_RESULT_H_
#define GANTRY_PAYLOAD_NODE_INSTALL_RESULT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace gantry::node {

struct InstallResult {
  struct Target {
    // "nvidia" or "cuda".
    std::string name;
    // On the host: "/opt/cuda/12.4".
    std::string path;
    // The directory or `current` was different before.
    bool changed = false;
  };
  std::vector<Target> targets;
  bool changed = false;
  int64_t bytes_copied = 0;
  int64_t files_copied = 0;
  // Of a dry run: the plan, for human readers.
  std::string plan;
  // Failures after which the installation is still usable.
  std::vector<std::string> warnings;
};

// One line for human readers, without a line end.
std::string FormatSummary(const InstallResult& result);

// A JSON object with the members "changed", "bytes_copied", "files_copied", and
// for each of "cuda" and "nvidia" {"path", "changed"}, or null if the payload
// does not contain it.
absl::StatusOr<std::string> FormatResultAsJson(const InstallResult& result);

}  // namespace gantry::node

#endif  // GANTRY_PAYLOAD_NODE_INSTALL_RESULT_H_
