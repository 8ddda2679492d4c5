#include "payload/node/apply.h"

#include <sys/types.h>

#include <string>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "base/relative_path.h"
#include "base/status_macros.h"
#include "payload/node/host_paths.h"
#include "payload/node/installed.h"
#include "payload/node/leftovers.h"
#include "payload/node/new_file.h"
#include "payload/node/remove_tree.h"
#include "payload/node/stage.h"

namespace gantry::node {
namespace {

constexpr mode_t kDirectoryMode = 0755;
constexpr mode_t kConfMode = 0644;

absl::Status SwitchCurrent(const Directory& base, const std::string& target) {
  GANTRY_RETURN_IF_ERROR(RemoveTree(base, kNewLink));
  GANTRY_RETURN_IF_ERROR(base.CreateLink(target, kNewLink));
  GANTRY_RETURN_IF_ERROR(base.Rename(kNewLink, kCurrent));
  return base.Sync();
}

absl::Status StageDurably(const Directory& image, const InstallTarget& target,
                          const Directory& base, const std::string& name,
                          CopyProgress& progress) {
  GANTRY_RETURN_IF_ERROR(base.CreateDirectory(name));
  GANTRY_ASSIGN_OR_RETURN(const Directory staging, base.OpenDirectory(name));
  GANTRY_RETURN_IF_ERROR(Stage(image, target, staging, progress));
  GANTRY_RETURN_IF_ERROR(base.SetMode(name, kDirectoryMode));
  GANTRY_RETURN_IF_ERROR(
      CheckInstalled(staging, target, CheckDepth::kMetadata));
  return base.SyncFileSystem();
}

// Renames the staged directory to its place, which is free.
absl::Status MoveToPlace(const Directory& base, const std::string& staging,
                         const InstallTarget& target) {
  GANTRY_ASSIGN_OR_RETURN(const Directory parent,
                          base.ResolveOrCreate(ParentPath(target.directory)));
  GANTRY_RETURN_IF_ERROR(base.Rename(staging, target.directory));
  GANTRY_RETURN_IF_ERROR(parent.Sync());
  return base.Sync();
}

// For file systems without RENAME_EXCHANGE; see apply.h.
absl::Status ReplaceByStagingTwice(const Directory& base,
                                   const std::string& staging,
                                   const InstallTarget& target,
                                   const Directory& image,
                                   CopyProgress& progress) {
  GANTRY_RETURN_IF_ERROR(SwitchCurrent(base, staging));
  const std::string second = StagingName(staging);
  // A run that was stopped here left it behind, with `current` leading to it.
  GANTRY_RETURN_IF_ERROR(RemoveTree(base, second));
  // It is not removed under its own name: once its receipt is gone, it would
  // no longer be recognized as ours.
  GANTRY_RETURN_IF_ERROR(base.Rename(target.directory, second));
  GANTRY_RETURN_IF_ERROR(RemoveTree(base, second));
  progress.AddTotal(target.ByteCount(), target.FileCount());
  GANTRY_RETURN_IF_ERROR(StageDurably(image, target, base, second, progress));
  GANTRY_RETURN_IF_ERROR(MoveToPlace(base, second, target));
  return SwitchCurrent(base, target.directory);
}

absl::Status PutInPlace(const Directory& base, const std::string& staging,
                        const InstallTarget& target, TargetAction action,
                        const Directory& image, CopyProgress& progress) {
  if (action == TargetAction::kInstall) {
    return MoveToPlace(base, staging, target);
  }
  const absl::Status exchanged = base.Exchange(staging, target.directory);
  if (absl::IsUnimplemented(exchanged)) {
    return ReplaceByStagingTwice(base, staging, target, image, progress);
  }
  GANTRY_RETURN_IF_ERROR(exchanged);
  return base.SyncFileSystem();
}

absl::Status WriteLdConf(const Directory& rootfs) {
  GANTRY_ASSIGN_OR_RETURN(const Directory directory,
                          rootfs.ResolveOrCreate(kLdConfDirectory));
  GANTRY_RETURN_IF_ERROR(RemoveTree(directory, kNewLdConf));
  GANTRY_ASSIGN_OR_RETURN(NewFile file, directory.CreateFile(kNewLdConf));
  GANTRY_RETURN_IF_ERROR(file.Write(kLdConfContent));
  GANTRY_RETURN_IF_ERROR(file.FinishDurably(kConfMode));
  GANTRY_RETURN_IF_ERROR(directory.Rename(kNewLdConf, kLdConfName));
  return directory.Sync();
}

}  // namespace

absl::Status Apply(const std::vector<InstallTarget>& targets, const Plan& plan,
                   const HostSnapshot& host, const Directory& image,
                   const Directory& rootfs, CopyProgress& progress) {
  // Best effort: the next run removes them before it does anything else.
  absl::Cleanup remove_staged = [&] { RemoveLeftovers(rootfs).IgnoreError(); };
  progress.AddTotal(plan.bytes, plan.files);

  std::vector<Directory> bases;
  std::vector<std::string> staged;
  for (size_t i = 0; i < targets.size(); ++i) {
    GANTRY_ASSIGN_OR_RETURN(Directory base,
                            rootfs.ResolveOrCreate(targets[i].base));
    staged.push_back(StagingName(host.targets[i].current));
    if (plan.targets[i].action != TargetAction::kKeep) {
      GANTRY_RETURN_IF_ERROR(
          StageDurably(image, targets[i], base, staged[i], progress));
    }
    bases.push_back(std::move(base));
  }
  for (size_t i = 0; i < targets.size(); ++i) {
    if (plan.targets[i].action == TargetAction::kKeep) continue;
    GANTRY_RETURN_IF_ERROR(PutInPlace(bases[i], staged[i], targets[i],
                                      plan.targets[i].action, image, progress));
  }
  for (size_t i = 0; i < targets.size(); ++i) {
    if (!plan.targets[i].switch_current) continue;
    GANTRY_RETURN_IF_ERROR(SwitchCurrent(bases[i], targets[i].directory));
  }
  if (plan.write_ld_conf) GANTRY_RETURN_IF_ERROR(WriteLdConf(rootfs));
  std::move(remove_staged).Cancel();
  return RemoveLeftovers(rootfs);
}

}  // namespace gantry::node
