#include "payload/node/host.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/status/status.h"
#include "base/file.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "payload/node/host_paths.h"
#include "payload/node/ldconfig.h"
#include "payload/node/ownership.h"
#include "payload/node/remove_tree.h"

namespace gantry::node {
namespace {

constexpr char kLdCache[] = "etc/ld.so.cache";

absl::StatusOr<Space> ReadSpace(const Folder& rootfs, std::string path) {
  absl::StatusOr<Folder> folder = rootfs.Resolve(path);
  while (absl::IsNotFound(folder.status()) && !path.empty()) {
    const size_t slash = path.rfind('/');
    path.resize(slash == std::string::npos ? 0 : slash);
    folder = rootfs.Resolve(path);
  }
  GANTRY_RETURN_IF_ERROR(folder.status());
  struct statvfs file_system;
  struct stat info;
  if (fstatvfs(folder->fd(), &file_system) != 0 ||
      fstat(folder->fd(), &info) != 0) {
    return ErrnoStatus(errno, folder->path());
  }
  Space space;
  space.device = info.st_dev;
  space.path = folder->path();
  space.block_size = file_system.f_frsize;
  // Without the blocks reserved for root: hosts need those to stay up.
  space.free_bytes = file_system.f_bavail * file_system.f_frsize;
  if (file_system.f_files != 0) space.free_inodes = file_system.f_favail;
  return space;
}

absl::Status ReadCurrent(const Folder& base, TargetState& state) {
  GANTRY_ASSIGN_OR_RETURN(state.current_conflict, ForeignCurrentReason(base));
  if (!state.current_conflict.empty()) return absl::OkStatus();
  absl::StatusOr<std::string> current = base.ReadLink(kCurrent);
  if (absl::IsNotFound(current.status())) return absl::OkStatus();
  GANTRY_ASSIGN_OR_RETURN(state.current, std::move(current));
  return absl::OkStatus();
}

// Fills in what is found at the target's place.
absl::Status ReadInstalled(const Folder& base, const InstallTarget& target,
                           CheckDepth depth, TargetState& state) {
  GANTRY_ASSIGN_OR_RETURN(const auto info, base.Stat(target.folder));
  if (!info.has_value()) return absl::OkStatus();
  GANTRY_ASSIGN_OR_RETURN(state.difference,
                          ForeignDirectoryReason(base, target.folder));
  if (!state.difference.empty()) {
    state.found = TargetState::Found::kForeign;
    return absl::OkStatus();
  }
  GANTRY_ASSIGN_OR_RETURN(const Folder folder, base.OpenFolder(target.folder));
  const absl::Status check = CheckInstalled(folder, target, depth);
  if (check.ok()) {
    state.found = TargetState::Found::kIntact;
    return absl::OkStatus();
  }
  state.found = TargetState::Found::kDifferent;
  state.difference = std::string(check.message());
  state.removable = CheckNothingMounted(base, target.folder);
  return absl::OkStatus();
}

absl::StatusOr<TargetState> ReadTarget(const Folder& rootfs,
                                       const InstallTarget& target,
                                       CheckDepth depth) {
  TargetState state;
  GANTRY_ASSIGN_OR_RETURN(state.space, ReadSpace(rootfs, target.base));
  const absl::StatusOr<Folder> base = rootfs.Resolve(target.base);
  if (absl::IsNotFound(base.status())) return state;
  GANTRY_RETURN_IF_ERROR(base.status());
  GANTRY_RETURN_IF_ERROR(ReadCurrent(*base, state));
  // What is about to come into use is hashed, whoever put it there.
  if (state.current != target.folder) depth = CheckDepth::kContent;
  GANTRY_RETURN_IF_ERROR(ReadInstalled(*base, target, depth, state));
  return state;
}

// Fills in what the host has of our configuration for ldconfig.
absl::Status ReadLdConf(const Folder& rootfs, HostSnapshot& snapshot) {
  const absl::StatusOr<Folder> directory = rootfs.Resolve(kLdConfDirectory);
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

absl::StatusOr<bool> LdCacheIsStale(const Folder& rootfs,
                                    const std::vector<InstallTarget>& targets) {
  GANTRY_ASSIGN_OR_RETURN(const auto cache, rootfs.Stat(kLdCache));
  if (!cache.has_value()) return true;
  const absl::StatusOr<Folder> conf_folder = rootfs.Resolve(kLdConfDirectory);
  if (conf_folder.ok()) {
    GANTRY_ASSIGN_OR_RETURN(const auto conf, conf_folder->Stat(kLdConfName));
    if (conf.has_value() && IsOlder(*cache, *conf)) return true;
  }
  for (const InstallTarget& target : targets) {
    const absl::StatusOr<Folder> base = rootfs.Resolve(target.base);
    if (!base.ok()) continue;
    GANTRY_ASSIGN_OR_RETURN(const auto link, base->Stat(kCurrent));
    if (link.has_value() && IsOlder(*cache, *link)) return true;
    // A folder that was replaced under its name leaves the link as it was.
    GANTRY_ASSIGN_OR_RETURN(const auto receipt,
                            base->Stat(JoinPath(target.folder, kReceipt)));
    if (receipt.has_value() && IsOlder(*cache, *receipt)) return true;
  }
  return false;
}

}  // namespace

absl::StatusOr<HostSnapshot> ReadHost(const Folder& rootfs,
                                      const HostIdentity& identity,
                                      const std::vector<InstallTarget>& targets,
                                      CheckDepth depth) {
  HostSnapshot snapshot;
  snapshot.identity = identity;
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
