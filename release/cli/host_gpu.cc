#include "release/cli/host_gpu.h"

#include <filesystem>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "base/file.h"

namespace gantry::cli {
namespace {

// The value of a sysfs attribute; empty if it cannot be read.
std::string ReadAttribute(const std::string& path) {
  return std::string(
      absl::StripAsciiWhitespace(ReadFile(path).value_or(std::string())));
}

// True for classes 0x0300xx (VGA) and 0x0302xx (3D controller) from NVIDIA.
bool IsNvidiaGpu(const std::string& directory) {
  const std::string pci_class = ReadAttribute(JoinPath(directory, "class"));
  return ReadAttribute(JoinPath(directory, "vendor")) == "0x10de" &&
         (absl::StartsWith(pci_class, "0x0300") ||
          absl::StartsWith(pci_class, "0x0302"));
}

}  // namespace

std::string OldestNvidiaGpu(const std::string& rootfs) {
  std::string oldest;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(
           JoinPath(rootfs, "sys/bus/pci/devices"), ignored)) {
    if (!IsNvidiaGpu(entry.path())) continue;
    // Ids have four hexadecimal digits, so they sort as text.
    const std::string id =
        ReadAttribute(JoinPath(entry.path().native(), "device"));
    if (oldest.empty() || id < oldest) oldest = id;
  }
  return oldest;
}

}  // namespace gantry::cli
