#include "builder/container/container_facts.h"

#include <sys/stat.h>

#include <map>
#include <set>
#include <vector>

#include "absl/algorithm/container.h"
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

// Names in a folder; none if there is no such folder.
absl::StatusOr<std::vector<std::string>> ListIfPresent(
    Ext4Reader& root, const std::string& path) {
  auto names = root.List(path);
  if (names.status().code() == absl::StatusCode::kNotFound) {
    return std::vector<std::string>();
  }
  return names;
}

absl::StatusOr<bool> IsPresent(Ext4Reader& root, const std::string& path) {
  const auto entry = root.Find(path);
  if (entry.status().code() == absl::StatusCode::kNotFound) return false;
  if (!entry.ok()) return entry.status();
  return true;
}

// Existing /lib*/modules and /usr/lib*/modules; several names of one folder
// count once, by the path without symbolic links.
absl::StatusOr<std::set<std::string>> ModuleFolders(Ext4Reader& root) {
  std::set<std::string> folders;
  for (const std::string parent : {"/", "/usr"}) {
    GANTRY_ASSIGN_OR_RETURN(const auto names, ListIfPresent(root, parent));
    for (const std::string& name : names) {
      if (!absl::StartsWith(name, "lib")) continue;
      const auto found = root.Find(JoinPath(JoinPath(parent, name), "modules"));
      if (found.status().code() == absl::StatusCode::kNotFound) continue;
      if (!found.ok()) return found.status();
      if (S_ISDIR(found->mode)) folders.insert(found->path);
    }
  }
  return folders;
}

absl::Status FindKernel(Ext4Reader& root, DeveloperContainer& facts) {
  GANTRY_ASSIGN_OR_RETURN(const std::set<std::string> folders,
                          ModuleFolders(root));
  std::vector<std::string> with_build;
  std::vector<std::string> without_build;
  for (const std::string& folder : folders) {
    GANTRY_ASSIGN_OR_RETURN(const auto releases, root.List(folder));
    for (const std::string& release : releases) {
      const std::string path = JoinPath(folder, release);
      const auto entry = root.Find(path);
      if (entry.status().code() == absl::StatusCode::kNotFound) continue;
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
        ": no kernel build tree inside: no folder below /usr/lib*/modules or "
        "/lib*/modules has a \"build\" entry; there are: ",
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

absl::Status ReadOsRelease(Ext4Reader& root, DeveloperContainer& facts) {
  // The order of os-release(5).
  for (const absl::string_view path :
       {"/etc/os-release", "/usr/lib/os-release"}) {
    const auto entry = root.Find(path);
    if (entry.status().code() == absl::StatusCode::kNotFound) continue;
    if (!entry.ok()) return entry.status();
    GANTRY_ASSIGN_OR_RETURN(const std::string text,
                            root.ReadFile(*entry, kMaxOsRelease));
    auto values = ParseKeyValues(text);
    if (!values.ok()) {
      return Annotate(values.status(),
                      absl::StrCat(root.image_name(), ": ", path));
    }
    facts.set_os_id((*values)["ID"]);
    facts.set_os_version_id((*values)["VERSION_ID"]);
    return absl::OkStatus();
  }
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
  GANTRY_RETURN_IF_ERROR(ReadOsRelease(root, facts));
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
        facts.kernel_release(), ", /usr/boot/vmlinuz* and vmlinuz beside ",
        facts.build_path()));
  }
  GANTRY_ASSIGN_OR_RETURN(const Ext4Entry entry,
                          root.Find(facts.kernel_image_path()));
  return root.ReadFile(entry, kMaxKernelImage);
}

}  // namespace gantry::container
