#include "builder/container/container_facts.h"

#include <sys/stat.h>

#include <cstdint>
#include <set>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/file.h"
#include "base/os_release.h"
#include "base/status.h"
#include "base/status_macros.h"

namespace gantry::container {
namespace {

using builder::v1::DeveloperContainer;

constexpr uint64_t kMaxOsRelease = 1 << 20;
constexpr uint64_t kMaxSymvers = 256 << 20;
constexpr uint64_t kMaxKernelImage = 256 << 20;

// Names in a directory; none if it does not exist.
absl::StatusOr<std::vector<std::string>> ListIfPresent(
    Ext4Reader& root, const std::string& path) {
  auto names = root.List(path);
  if (absl::IsNotFound(names.status())) {
    return std::vector<std::string>();
  }
  return names;
}

absl::StatusOr<bool> IsPresent(Ext4Reader& root, const std::string& path) {
  const auto entry = root.Find(path);
  if (absl::IsNotFound(entry.status())) return false;
  if (!entry.ok()) return entry.status();
  return true;
}

// The existing /lib*/modules and /usr/lib*/modules, without symbolic links, so
// that each directory is listed once.
absl::StatusOr<std::set<std::string>> ModuleDirectories(Ext4Reader& root) {
  std::set<std::string> directories;
  for (const std::string parent : {"/", "/usr"}) {
    GANTRY_ASSIGN_OR_RETURN(const auto names, ListIfPresent(root, parent));
    for (const std::string& name : names) {
      if (!absl::StartsWith(name, "lib")) continue;
      const auto found = root.Find(JoinPath(JoinPath(parent, name), "modules"));
      if (absl::IsNotFound(found.status())) continue;
      if (!found.ok()) return found.status();
      if (S_ISDIR(found->mode)) directories.insert(found->path);
    }
  }
  return directories;
}

absl::Status FindKernel(Ext4Reader& root, DeveloperContainer& facts) {
  GANTRY_ASSIGN_OR_RETURN(const std::set<std::string> directories,
                          ModuleDirectories(root));
  std::vector<std::string> with_build;
  std::vector<std::string> without_build;
  for (const std::string& directory : directories) {
    GANTRY_ASSIGN_OR_RETURN(const auto releases, root.List(directory));
    for (const std::string& release : releases) {
      const std::string path = JoinPath(directory, release);
      const auto entry = root.Find(path);
      if (absl::IsNotFound(entry.status())) continue;
      if (!entry.ok()) return entry.status();
      if (!S_ISDIR(entry->mode)) continue;
      GANTRY_ASSIGN_OR_RETURN(const auto names, root.List(path));
      (absl::c_linear_search(names, "build") ? with_build : without_build)
          .push_back(path);
    }
  }
  if (with_build.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        root.image_name(),
        ": no kernel build tree inside: no directory below /usr/lib*/modules "
        "or "
        "/lib*/modules has a \"build\" entry; found ",
        without_build.empty() ? "none" : absl::StrJoin(without_build, ", ")));
  }
  if (with_build.size() > 1) {
    return absl::FailedPreconditionError(
        absl::StrCat(root.image_name(), ": several kernel build trees inside: ",
                     absl::StrJoin(with_build, ", ")));
  }
  facts.set_kernel_release(with_build[0].substr(with_build[0].rfind('/') + 1));
  facts.set_build_path(JoinPath(with_build[0], "build"));
  return absl::OkStatus();
}

// A container without os-release is accepted: the fields stay empty.
absl::Status ReadOsReleaseFields(Ext4Reader& root, DeveloperContainer& facts) {
  const absl::StatusOr<OsRelease> release = ReadOsRelease(
      [&](const std::string& path) -> absl::StatusOr<std::string> {
        GANTRY_ASSIGN_OR_RETURN(const Ext4Entry entry, root.Find(path));
        return root.ReadFile(entry, kMaxOsRelease);
      });
  if (absl::IsNotFound(release.status())) return absl::OkStatus();
  if (!release.ok()) return Annotate(release.status(), root.image_name());
  facts.set_os_id(release->id);
  facts.set_os_version_id(release->version_id);
  return absl::OkStatus();
}

absl::Status FindKernelImage(Ext4Reader& root, DeveloperContainer& facts) {
  const std::string modules =
      facts.build_path().substr(0, facts.build_path().rfind('/'));
  std::vector<std::string> candidates = {
      absl::StrCat("/boot/vmlinuz-", facts.kernel_release())};
  GANTRY_ASSIGN_OR_RETURN(const auto names, ListIfPresent(root, "/usr/boot"));
  for (const std::string& name : names) {
    if (absl::StartsWith(name, "vmlinuz")) {
      candidates.push_back(JoinPath("/usr/boot", name));
    }
  }
  candidates.push_back(JoinPath(modules, "vmlinuz"));
  for (const std::string& candidate : candidates) {
    GANTRY_ASSIGN_OR_RETURN(const bool present, IsPresent(root, candidate));
    if (!present) continue;
    facts.set_kernel_image_path(candidate);
    break;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<DeveloperContainer> ReadContainerFacts(Ext4Reader& root) {
  DeveloperContainer facts;
  GANTRY_RETURN_IF_ERROR(FindKernel(root, facts));
  GANTRY_RETURN_IF_ERROR(ReadOsReleaseFields(root, facts));
  GANTRY_RETURN_IF_ERROR(FindKernelImage(root, facts));
  return facts;
}

absl::StatusOr<std::string> ReadModuleSymvers(Ext4Reader& root,
                                              const DeveloperContainer& facts) {
  GANTRY_ASSIGN_OR_RETURN(
      const Ext4Entry entry,
      root.Find(JoinPath(facts.build_path(), "Module.symvers")));
  return root.ReadFile(entry, kMaxSymvers);
}

absl::StatusOr<std::string> ReadKernelImage(Ext4Reader& root,
                                            const DeveloperContainer& facts) {
  if (facts.kernel_image_path().empty()) {
    return absl::NotFoundError(absl::StrCat(
        root.image_name(),
        ": no kernel image inside: looked for /boot/vmlinuz-",
        facts.kernel_release(), ", /usr/boot/vmlinuz* and vmlinuz next to ",
        facts.build_path()));
  }
  GANTRY_ASSIGN_OR_RETURN(const Ext4Entry entry,
                          root.Find(facts.kernel_image_path()));
  return root.ReadFile(entry, kMaxKernelImage);
}

}  // namespace gantry::container
