#include "payload/node/apply.h"

#include <string>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/status/statusor.h"
#include "base/relative_path.h"
#include "base/status_macros.h"
#include "payload/node/host_paths.h"
#include "payload/node/installed.h"
#include "payload/node/leftovers.h"
#include "payload/node/remove_tree.h"
#include "payload/node/stage.h"

namespace gantry::node {
namespace {

constexpr mode_t kFolderMode = 0755;
constexpr mode_t kConfMode = 0644;

absl::Status SwitchCurrent(const Folder& base, const std::string& target) {
  GANTRY_RETURN_IF_ERROR(RemoveTree(base, kNewLink));
  GANTRY_RETURN_IF_ERROR(base.MakeLink(target, kNewLink));
  GANTRY_RETURN_IF_ERROR(base.Rename(kNewLink, kCurrent));
  return base.Sync();
}

absl::Status StageDurably(const Folder& image, const InstallTarget& target,
                          const Folder& base, const std::string& name,
                          CopyProgress& progress) {
  GANTRY_RETURN_IF_ERROR(base.MakeFolder(name));
  GANTRY_ASSIGN_OR_RETURN(const Folder staging, base.OpenFolder(name));
  GANTRY_RETURN_IF_ERROR(Stage(image, target, staging, progress));
  GANTRY_RETURN_IF_ERROR(base.SetMode(name, kFolderMode));
  GANTRY_RETURN_IF_ERROR(
      CheckInstalled(staging, target, CheckDepth::kMetadata));
  return base.SyncFileSystem();
}

// Renames the staged folder to its place, where nothing is.
absl::Status MoveToPlace(const Folder& base, const std::string& staging,
                         const InstallTarget& target) {
  GANTRY_ASSIGN_OR_RETURN(const Folder parent,
                          base.Make(ParentPath(target.folder)));
  GANTRY_RETURN_IF_ERROR(base.Rename(staging, target.folder));
  GANTRY_RETURN_IF_ERROR(parent.Sync());
  return base.Sync();
}

// See apply.h for file systems without RENAME_EXCHANGE.
absl::Status ReplaceByStagingTwice(const Folder& base,
                                   const std::string& staging,
                                   const InstallTarget& target,
                                   const Folder& image,
                                   CopyProgress& progress) {
  GANTRY_RETURN_IF_ERROR(SwitchCurrent(base, staging));
  const std::string second = StagingName(staging);
  // A run that was stopped here left `current` leading to it.
  GANTRY_RETURN_IF_ERROR(RemoveTree(base, second));
  // Not removed under its own name: without its receipt it would not be known
  // as ours any more.
  GANTRY_RETURN_IF_ERROR(base.Rename(target.folder, second));
  GANTRY_RETURN_IF_ERROR(RemoveTree(base, second));
  progress.AddTotal(target.Bytes(), target.Files());
  GANTRY_RETURN_IF_ERROR(StageDurably(image, target, base, second, progress));
  GANTRY_RETURN_IF_ERROR(MoveToPlace(base, second, target));
  return SwitchCurrent(base, target.folder);
}

absl::Status PutInPlace(const Folder& base, const std::string& staging,
                        const InstallTarget& target, TargetAction action,
                        const Folder& image, CopyProgress& progress) {
  if (action == TargetAction::kInstall) {
    return MoveToPlace(base, staging, target);
  }
  const absl::Status exchanged = base.Exchange(staging, target.folder);
  if (absl::IsUnimplemented(exchanged)) {
    return ReplaceByStagingTwice(base, staging, target, image, progress);
  }
  GANTRY_RETURN_IF_ERROR(exchanged);
  return base.SyncFileSystem();
}

absl::Status WriteLdConf(const Folder& rootfs) {
  GANTRY_ASSIGN_OR_RETURN(const Folder folder, rootfs.Make(kLdConfDirectory));
  GANTRY_RETURN_IF_ERROR(RemoveTree(folder, kNewLdConf));
  GANTRY_ASSIGN_OR_RETURN(NewFile file, folder.CreateFile(kNewLdConf));
  GANTRY_RETURN_IF_ERROR(file.Write(kLdConfContent));
  GANTRY_RETURN_IF_ERROR(file.FinishDurably(kConfMode));
  GANTRY_RETURN_IF_ERROR(folder.Rename(kNewLdConf, kLdConfName));
  return folder.Sync();
}

}  // namespace

absl::Status Apply(const std::vector<InstallTarget>& targets, const Plan& plan,
                   const HostSnapshot& host, const Folder& image,
                   const Folder& rootfs, CopyProgress& progress) {
  // Best effort: the next run does it again before anything else.
  absl::Cleanup remove_staged = [&] { RemoveLeftovers(rootfs).IgnoreError(); };
  progress.AddTotal(plan.bytes, plan.files);

  std::vector<Folder> bases;
  std::vector<std::string> staged;
  for (size_t i = 0; i < targets.size(); ++i) {
    GANTRY_ASSIGN_OR_RETURN(Folder base, rootfs.Make(targets[i].base));
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
    GANTRY_RETURN_IF_ERROR(SwitchCurrent(bases[i], targets[i].folder));
  }
  if (plan.write_ld_conf) GANTRY_RETURN_IF_ERROR(WriteLdConf(rootfs));
  std::move(remove_staged).Cancel();
  return RemoveLeftovers(rootfs);
}

}  // namespace gantry::node
