#include "payload/node/host_snapshot.h"

#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "absl/status/status.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "payload/node/host_paths.h"
#include "payload/node/ldconfig.h"
#include "payload/node/ownership.h"
#include "payload/node/remove_tree.h"

namespace gantry::node {
namespace {

constexpr char kLdCache[] = "etc/ld.so.cache";

absl::Status ReadCurrent(const Directory& base, TargetState& state) {
  GANTRY_ASSIGN_OR_RETURN(state.current_conflict, ForeignCurrentReason(base));
  if (!state.current_conflict.empty()) return absl::OkStatus();
  absl::StatusOr<std::string> current = base.ReadLink(kCurrent);
  if (absl::IsNotFound(current.status())) return absl::OkStatus();
  GANTRY_ASSIGN_OR_RETURN(state.current, std::move(current));
  return absl::OkStatus();
}

// Fills in the state of the directory that the target belongs in.
absl::Status ReadInstalled(const Directory& base, const InstallTarget& target,
                           CheckDepth depth, TargetState& state) {
  GANTRY_ASSIGN_OR_RETURN(const auto info, base.Stat(target.directory));
  if (!info.has_value()) return absl::OkStatus();
  GANTRY_ASSIGN_OR_RETURN(state.difference,
                          ForeignDirectoryReason(base, target.directory));
  if (!state.difference.empty()) {
    state.found = TargetState::Found::kForeign;
    return absl::OkStatus();
  }
  GANTRY_ASSIGN_OR_RETURN(const Directory directory,
                          base.OpenDirectory(target.directory));
  const absl::Status check = CheckInstalled(directory, target, depth);
  if (check.ok()) {
    state.found = TargetState::Found::kIntact;
    return absl::OkStatus();
  }
  state.found = TargetState::Found::kDifferent;
  state.difference = std::string(check.message());
  state.removable = CheckNothingMounted(base, target.directory);
  return absl::OkStatus();
}

absl::StatusOr<TargetState> ReadTarget(const Directory& rootfs,
                                       const InstallTarget& target,
                                       CheckDepth depth) {
  TargetState state;
  GANTRY_ASSIGN_OR_RETURN(state.space, ReadFreeSpace(rootfs, target.base));
  const absl::StatusOr<Directory> base = rootfs.Resolve(target.base);
  if (absl::IsNotFound(base.status())) return state;
  GANTRY_RETURN_IF_ERROR(base.status());
  GANTRY_RETURN_IF_ERROR(ReadCurrent(*base, state));
  // What this run puts into use is always hashed.
  if (state.current != target.directory) depth = CheckDepth::kContent;
  GANTRY_RETURN_IF_ERROR(ReadInstalled(*base, target, depth, state));
  return state;
}

// Fills in the state of our configuration for ldconfig.
absl::Status ReadLdConf(const Directory& rootfs, HostSnapshot& snapshot) {
  const absl::StatusOr<Directory> directory = rootfs.Resolve(kLdConfDirectory);
  if (absl::IsNotFound(directory.status())) return absl::OkStatus();
  GANTRY_RETURN_IF_ERROR(directory.status());
  GANTRY_ASSIGN_OR_RETURN(snapshot.ld_conf_conflict,
                          ForeignLdConfReason(*directory));
  const absl::StatusOr<std::string> content = directory->ReadFile(kLdConfName);
  snapshot.ld_conf_is_current = content.ok() && *content == kLdConfContent;
  return absl::OkStatus();
}

bool IsOlder(const struct stat& a, const struct stat& b) {
  return std::make_pair(a.st_mtim.tv_sec, a.st_mtim.tv_nsec) <
         std::make_pair(b.st_mtim.tv_sec, b.st_mtim.tv_nsec);
}

absl::StatusOr<bool> LdCacheIsStale(const Directory& rootfs,
                                    const std::vector<InstallTarget>& targets) {
  GANTRY_ASSIGN_OR_RETURN(const auto cache, rootfs.Stat(kLdCache));
  if (!cache.has_value()) return true;
  const absl::StatusOr<Directory> conf_directory =
      rootfs.Resolve(kLdConfDirectory);
  if (conf_directory.ok()) {
    GANTRY_ASSIGN_OR_RETURN(const auto conf, conf_directory->Stat(kLdConfName));
    if (conf.has_value() && IsOlder(*cache, *conf)) return true;
  }
  for (const InstallTarget& target : targets) {
    const absl::StatusOr<Directory> base = rootfs.Resolve(target.base);
    if (!base.ok()) continue;
    GANTRY_ASSIGN_OR_RETURN(const auto link, base->Stat(kCurrent));
    if (link.has_value() && IsOlder(*cache, *link)) return true;
    // Replacing a directory that `current` leads to does not change the link.
    GANTRY_ASSIGN_OR_RETURN(const auto receipt,
                            base->Stat(JoinPath(target.directory, kReceipt)));
    if (receipt.has_value() && IsOlder(*cache, *receipt)) return true;
  }
  return false;
}

}  // namespace

absl::StatusOr<HostSnapshot> ReadHostSnapshot(
    const Directory& rootfs, const std::vector<InstallTarget>& targets,
    CheckDepth depth) {
  HostSnapshot snapshot;
  for (const InstallTarget& target : targets) {
    GANTRY_ASSIGN_OR_RETURN(TargetState state,
                            ReadTarget(rootfs, target, depth));
    snapshot.targets.push_back(std::move(state));
  }
  GANTRY_RETURN_IF_ERROR(ReadLdConf(rootfs, snapshot));
  snapshot.has_ldconfig = FindLdconfig(rootfs).has_value();
  GANTRY_ASSIGN_OR_RETURN(snapshot.ld_cache_is_stale,
                          LdCacheIsStale(rootfs, targets));
  return snapshot;
}

}  // namespace gantry::node
