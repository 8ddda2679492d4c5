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
absl::StatusOr<std::vector<Folder>> OpenBases(const Folder& rootfs) {
  std::vector<Folder> bases;
  for (const char* path : kBases) {
    absl::StatusOr<Folder> base = rootfs.Resolve(path);
    if (absl::IsNotFound(base.status())) continue;
    GANTRY_RETURN_IF_ERROR(base.status());
    bases.push_back(*std::move(base));
  }
  return bases;
}

absl::Status RemoveFromBase(const Folder& base) {
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

absl::Status CheckLeftoversRemovable(const Folder& rootfs) {
  GANTRY_ASSIGN_OR_RETURN(const auto bases, OpenBases(rootfs));
  for (const Folder& base : bases) {
    for (const char* name : kStagingNames) {
      GANTRY_RETURN_IF_ERROR(CheckNothingMounted(base, name));
    }
  }
  return absl::OkStatus();
}

absl::Status RemoveLeftovers(const Folder& rootfs) {
  GANTRY_ASSIGN_OR_RETURN(const auto bases, OpenBases(rootfs));
  for (const Folder& base : bases) {
    GANTRY_RETURN_IF_ERROR(RemoveFromBase(base));
  }
  const absl::StatusOr<Folder> conf = rootfs.Resolve(kLdConfDirectory);
  if (absl::IsNotFound(conf.status())) return absl::OkStatus();
  GANTRY_RETURN_IF_ERROR(conf.status());
  return RemoveTree(*conf, kNewLdConf);
}

}  // namespace gantry::node
