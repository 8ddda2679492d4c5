#include "base/host_identity.h"

#include <fcntl.h>
#include <sys/utsname.h>

#include <cerrno>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/cell_name.h"
#include "base/fd_io.h"
#include "base/open_in_root.h"
#include "base/os_release.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"

namespace gantry {
namespace {

absl::StatusOr<std::string> RunningKernel() {
  utsname names;
  if (uname(&names) != 0) return ErrnoStatus(errno, "uname");
  return std::string(names.release);
}

absl::StatusOr<OsRelease> ReadOsReleaseBelow(const std::string& root) {
  const UniqueFd fd(open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.ok()) return ErrnoStatus(errno, root);
  auto read_file = [&](const std::string& path) -> absl::StatusOr<std::string> {
    // O_NONBLOCK: a FIFO must not make this wait for a writer.
    GANTRY_ASSIGN_OR_RETURN(
        const UniqueFd file,
        OpenInRoot({fd.get(), ""}, path, O_RDONLY | O_NONBLOCK));
    return ReadAll(file.get(), path);
  };
  absl::StatusOr<OsRelease> release = ReadOsRelease(read_file);
  if (!release.ok()) return Annotate(release.status(), root);
  return release;
}

}  // namespace

absl::StatusOr<HostIdentity> ReadHostIdentity(
    const std::string& root, const std::string& kernel_release) {
  HostIdentity identity;
  identity.kernel_release = kernel_release;
  if (kernel_release.empty()) {
    GANTRY_ASSIGN_OR_RETURN(identity.kernel_release, RunningKernel());
  }
  GANTRY_ASSIGN_OR_RETURN(const OsRelease release, ReadOsReleaseBelow(root));
  if (release.id.empty() || release.version_id.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat(root, ": os-release sets no ",
                     release.id.empty() ? "ID" : "VERSION_ID"));
  }
  identity.os_release =
      OsReleaseName(release.id, release.version_id, identity.kernel_release);
  return identity;
}

}  // namespace gantry
