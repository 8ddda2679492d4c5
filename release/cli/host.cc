#include "release/cli/host.h"

#include <sys/utsname.h>

#include <cerrno>
#include <filesystem>
#include <map>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/cell_name.h"
#include "base/file.h"
#include "base/os_release.h"
#include "base/status.h"
#include "base/status_macros.h"

namespace gantry::cli {
namespace {

// The line in a file of sysfs; empty if it cannot be read.
std::string ReadAttribute(const std::string& path) {
  return std::string(
      absl::StripAsciiWhitespace(ReadFile(path).value_or(std::string())));
}

// Classes 0x0300xx (VGA) and 0x0302xx (3D controller) of vendor NVIDIA.
bool IsNvidiaGpu(const std::string& device) {
  const std::string pci_class = ReadAttribute(JoinPath(device, "class"));
  return ReadAttribute(JoinPath(device, "vendor")) == "0x10de" &&
         (absl::StartsWith(pci_class, "0x0300") ||
          absl::StartsWith(pci_class, "0x0302"));
}

// sysfs writes ids with four digits, so that text sorts as numbers do.
std::string OldestGpu(const std::string& rootfs) {
  std::string oldest;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(
           JoinPath(rootfs, "sys/bus/pci/devices"), none)) {
    if (!IsNvidiaGpu(entry.path())) continue;
    const std::string id =
        ReadAttribute(JoinPath(entry.path().native(), "device"));
    if (oldest.empty() || id < oldest) oldest = id;
  }
  return oldest;
}

// os-release(5): the file in /etc counts before the one in /usr/lib.
absl::StatusOr<std::string> ReadOsRelease(const std::string& rootfs) {
  absl::StatusOr<std::string> text =
      ReadFile(JoinPath(rootfs, "etc/os-release"));
  if (!absl::IsNotFound(text.status())) return text;
  return ReadFile(JoinPath(rootfs, "usr/lib/os-release"));
}

absl::StatusOr<std::string> RunningKernel() {
  utsname names;
  if (uname(&names) != 0) return ErrnoStatus(errno, "uname");
  return std::string(names.release);
}

}  // namespace

absl::StatusOr<Host> DetectHost(const std::string& rootfs,
                                const std::string& kernel_release) {
  Host host;
  host.kernel_release = kernel_release;
  if (kernel_release.empty()) {
    GANTRY_ASSIGN_OR_RETURN(host.kernel_release, RunningKernel());
  }
  GANTRY_ASSIGN_OR_RETURN(const std::string text, ReadOsRelease(rootfs));
  absl::StatusOr<std::map<std::string, std::string>> values =
      ParseKeyValues(text);
  if (!values.ok()) {
    return Annotate(values.status(), JoinPath(rootfs, "etc/os-release"));
  }
  if ((*values)["ID"].empty() || (*values)["VERSION_ID"].empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat(JoinPath(rootfs, "etc/os-release"),
                     ": has no ID or no VERSION_ID; give --os_release"));
  }
  host.os_release = OsReleaseName((*values)["ID"], (*values)["VERSION_ID"],
                                  host.kernel_release);
  host.gpu_device_id = OldestGpu(rootfs);
  return host;
}

}  // namespace gantry::cli
