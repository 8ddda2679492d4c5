#include "payload/node/leftovers.h"

#include "absl/status/statusor.h"
#include "base/status_macros.h"
#include "payload/node/host.h"

namespace gantry::node {
namespace {

constexpr const char* kStagingNames[] = {".gantry-staging",
                                         ".gantry-staging-2"};

absl::Status RemoveFromBase(const Folder& base) {
  const absl::StatusOr<std::string> current = base.ReadLink(kCurrent);
  for (const char* name : kStagingNames) {
    if (current.ok() && *current == name) continue;
    GANTRY_RETURN_IF_ERROR(base.RemoveTree(name));
  }
  return base.RemoveTree(kNewLink);
}

}  // namespace

std::string StagingName(const absl::optional<std::string>& current) {
  return current == kStagingNames[0] ? kStagingNames[1] : kStagingNames[0];
}

absl::Status RemoveLeftovers(const Folder& rootfs) {
  for (const char* path : {"opt/nvidia", "opt/cuda"}) {
    const absl::StatusOr<Folder> base = rootfs.Resolve(path);
    if (absl::IsNotFound(base.status())) continue;
    GANTRY_RETURN_IF_ERROR(base.status());
    GANTRY_RETURN_IF_ERROR(RemoveFromBase(*base));
  }
  const absl::StatusOr<Folder> conf = rootfs.Resolve(kLdConfFolder);
  if (absl::IsNotFound(conf.status())) return absl::OkStatus();
  GANTRY_RETURN_IF_ERROR(conf.status());
  return conf->RemoveTree(kNewLdConf);
}

}  // namespace gantry::node
