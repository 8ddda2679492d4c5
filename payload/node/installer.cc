#include "payload/node/installer.h"

#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "base/file_lock.h"
#include "base/host_identity.h"
#include "base/progress.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "payload/node/apply.h"
#include "payload/node/copy_progress.h"
#include "payload/node/directory.h"
#include "payload/node/exit_code.h"
#include "payload/node/host_snapshot.h"
#include "payload/node/install_lock.h"
#include "payload/node/install_target.h"
#include "payload/node/installed.h"
#include "payload/node/ldconfig.h"
#include "payload/node/leftovers.h"
#include "payload/node/plan.h"
#include "proto/payload_manifest.pb.h"

namespace gantry::node {
namespace {

using ::gantry::payload::v1::PayloadManifest;

constexpr char kManifest[] = "gantry/manifest.binpb";

absl::Status Damaged(const absl::Status& status) {
  return WithExitCode(
      Annotate(status, absl::StrCat("damaged payload: /", kManifest)),
      ExitCode::kDamagedPayload);
}

absl::StatusOr<PayloadManifest> ReadManifest(const Directory& image) {
  const absl::StatusOr<std::string> bytes = image.ReadFile(kManifest);
  if (!bytes.ok()) return Damaged(bytes.status());
  PayloadManifest manifest;
  if (!manifest.ParseFromString(*bytes)) {
    return Damaged(absl::DataLossError("not a PayloadManifest"));
  }
  return manifest;
}

// Adds what to do if --rootfs is not a host's root.
absl::Status NotAHostRoot(const absl::Status& status) {
  return WithExitCode(
      absl::Status(status.code(),
                   absl::StrCat(status.message(),
                                "; run the image with -v /:/rootfs, or name "
                                "the host's root with --rootfs")),
      ExitCode::kUsage);
}

absl::StatusOr<HostIdentity> IdentifyHost(const InstallOptions& options) {
  absl::StatusOr<HostIdentity> identity =
      ReadHostIdentity(options.rootfs, options.kernel_release);
  if (!identity.ok()) return NotAHostRoot(identity.status());
  return identity;
}

absl::StatusOr<Directory> OpenRootfs(const InstallOptions& options) {
  absl::StatusOr<Directory> rootfs =
      Directory::Open(options.rootfs, options.before_operation);
  if (!rootfs.ok()) return NotAHostRoot(rootfs.status());
  return rootfs;
}

// Reads the host's state into `host` and plans from it.
absl::StatusOr<Plan> PlanInstallation(const InstallOptions& options,
                                      const std::vector<InstallTarget>& targets,
                                      const Directory& rootfs,
                                      HostSnapshot& host) {
  GANTRY_ASSIGN_OR_RETURN(
      host, ReadHostSnapshot(
                rootfs, targets,
                options.verify ? CheckDepth::kContent : CheckDepth::kMetadata));
  if (!options.run_ldconfig) host.has_ldconfig = false;
  return MakePlan(targets, host);
}

InstallResult DescribeTargets(const std::vector<InstallTarget>& targets,
                              const Plan& plan) {
  InstallResult result;
  result.changed = plan.HasChanges();
  for (size_t i = 0; i < targets.size(); ++i) {
    result.targets.push_back(
        {targets[i].name,
         absl::StrCat("/", targets[i].base, "/", targets[i].directory),
         plan.targets[i].action != TargetAction::kKeep ||
             plan.targets[i].switch_current});
  }
  return result;
}

absl::StatusOr<InstallResult> LockAndInstall(
    const InstallOptions& options, const std::vector<InstallTarget>& targets,
    const Directory& image, const Directory& rootfs) {
  GANTRY_ASSIGN_OR_RETURN(const FileLock lock, LockHost(rootfs));
  GANTRY_RETURN_IF_ERROR(CheckLeftoversRemovable(rootfs));
  // Before planning, so that their space counts as free.
  GANTRY_RETURN_IF_ERROR(RemoveLeftovers(rootfs));
  HostSnapshot host;
  GANTRY_ASSIGN_OR_RETURN(const Plan plan,
                          PlanInstallation(options, targets, rootfs, host));
  InstallResult result = DescribeTargets(targets, plan);
  absl::optional<Progress> shown;
  if (options.progress_stream != nullptr) {
    shown.emplace(options.progress_stream);
  }
  CopyProgress progress(shown.has_value() ? &*shown : nullptr);
  if (plan.HasChanges()) {
    GANTRY_RETURN_IF_ERROR(Apply(targets, plan, host, image, rootfs, progress));
  }
  if (plan.run_ldconfig) {
    const absl::Status ran = RunLdconfig(rootfs);
    if (!ran.ok()) result.warnings.push_back(std::string(ran.message()));
  }
  result.bytes_copied = progress.bytes();
  result.files_copied = progress.files();
  return result;
}

absl::StatusOr<InstallResult> DryRun(const InstallOptions& options,
                                     const std::vector<InstallTarget>& targets,
                                     const Directory& rootfs) {
  GANTRY_RETURN_IF_ERROR(CheckLeftoversRemovable(rootfs));
  HostSnapshot host;
  GANTRY_ASSIGN_OR_RETURN(const Plan plan,
                          PlanInstallation(options, targets, rootfs, host));
  InstallResult result = DescribeTargets(targets, plan);
  result.plan = DescribePlan(targets, plan);
  return result;
}

}  // namespace

absl::StatusOr<InstallResult> Install(const InstallOptions& options) {
  GANTRY_ASSIGN_OR_RETURN(const Directory image,
                          Directory::Open(options.image_root));
  GANTRY_ASSIGN_OR_RETURN(const PayloadManifest manifest, ReadManifest(image));
  const absl::StatusOr<std::vector<InstallTarget>> targets =
      MakeLayout(manifest);
  if (!targets.ok()) return Damaged(targets.status());

  GANTRY_ASSIGN_OR_RETURN(const Directory rootfs, OpenRootfs(options));
  GANTRY_ASSIGN_OR_RETURN(const HostIdentity identity, IdentifyHost(options));
  GANTRY_RETURN_IF_ERROR(CheckHost(manifest.coordinates(), identity));
  return options.dry_run ? DryRun(options, *targets, rootfs)
                         : LockAndInstall(options, *targets, image, rootfs);
}

}  // namespace gantry::node
