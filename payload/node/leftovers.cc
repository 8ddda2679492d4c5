#include "payload/node/leftovers.h"

#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "base/status_macros.h"
#include "payload/node/host_paths.h"
#include "payload/node/remove_tree.h"

namespace gantry::node {
namespace {

// Those of kBases that exist.
absl::StatusOr<std::vector<Directory>> OpenBases(const Directory& rootfs) {
  std::vector<Directory> bases;
  for (const char* path : kBases) {
    absl::StatusOr<Directory> base = rootfs.Resolve(path);
    if (absl::IsNotFound(base.status())) continue;
    GANTRY_RETURN_IF_ERROR(base.status());
    bases.push_back(*std::move(base));
  }
  return bases;
}

absl::Status RemoveFromBase(const Directory& base) {
  const absl::StatusOr<std::string> current = base.ReadLink(kCurrent);
  for (const char* name : kStagingNames) {
    if (current.ok() && *current == name) continue;
    GANTRY_RETURN_IF_ERROR(RemoveTree(base, name));
  }
  return RemoveTree(base, kNewLink);
}

}  // namespace

std::string StagingName(const absl::optional<std::string>& current) {
  return current == kStagingNames[0] ? kStagingNames[1] : kStagingNames[0];
}

absl::Status CheckLeftoversRemovable(const Directory& rootfs) {
  GANTRY_ASSIGN_OR_RETURN(const auto bases, OpenBases(rootfs));
  for (const Directory& base : bases) {
    for (const char* name : kStagingNames) {
      GANTRY_RETURN_IF_ERROR(CheckNothingMounted(base, name));
    }
  }
  return absl::OkStatus();
}

absl::Status RemoveLeftovers(const Directory& rootfs) {
  GANTRY_ASSIGN_OR_RETURN(const auto bases, OpenBases(rootfs));
  for (const Directory& base : bases) {
    GANTRY_RETURN_IF_ERROR(RemoveFromBase(base));
  }
  const absl::StatusOr<Directory> conf = rootfs.Resolve(kLdConfDirectory);
  if (absl::IsNotFound(conf.status())) return absl::OkStatus();
  GANTRY_RETURN_IF_ERROR(conf.status());
  return RemoveTree(*conf, kNewLdConf);
}

}  // namespace gantry::node
