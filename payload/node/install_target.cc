#include "payload/node/install_target.h"

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "base/cell_name.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/relative_path.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "payload/node/host_paths.h"

namespace gantry::node {
namespace {

using ::gantry::payload::v1::Component;
using ::gantry::payload::v1::FileEntry;
using ::gantry::payload::v1::PayloadManifest;

constexpr int kMaxLinks = 40;
constexpr uint32_t kDirectoryMode = 0755;
// Keeps sums over a manifest from overflowing.
constexpr int64_t kMaxFileSize = int64_t{1} << 40;

using Entries = std::map<std::string, InstallEntry>;

absl::Status Invalid(absl::string_view path, absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("\"", absl::CEscape(path), "\": ", what));
}

bool IsNormalized(absl::string_view path) {
  return !path.empty() && CleanRelativePath(path).value_or("") == path;
}

absl::Status ValidateKernelRelease(absl::string_view release) {
  const auto is_allowed = [](char c) {
    return absl::ascii_isalnum(c) || absl::StrContains(".+-_~", c);
  };
  if (release.empty() || !absl::ascii_isalnum(release[0]) ||
      !std::all_of(release.begin(), release.end(), is_allowed)) {
    return absl::InvalidArgumentError(
        absl::StrCat("kernel_release \"", absl::CEscape(release),
                     "\" is not a kernel release"));
  }
  return absl::OkStatus();
}

absl::Status ValidateEntry(const FileEntry& file) {
  if (!IsNormalized(file.path())) {
    return Invalid(file.path(), "not a normalized relative path");
  }
  if (file.mode() > 07777) return Invalid(file.path(), "mode exceeds 07777");
  switch (file.type()) {
    case payload::v1::FILE_TYPE_REGULAR:
      if (file.size() < 0 || file.size() > kMaxFileSize) {
        return Invalid(file.path(), "size out of range");
      }
      return Annotate(ValidateDigest(file.digest()), file.path());
    case payload::v1::FILE_TYPE_DIRECTORY:
      return absl::OkStatus();
    case payload::v1::FILE_TYPE_SYMLINK:
      if (file.link_target().empty() ||
          absl::StartsWith(file.link_target(), "/") ||
          absl::StrContains(file.link_target(), '\0')) {
        return Invalid(file.path(), "link target is not a relative path");
      }
      return absl::OkStatus();
    default:
      return Invalid(file.path(), "unknown type");
  }
}

absl::Status RequireDirectory(const Entries& entries,
                              absl::string_view directory,
                              absl::string_view path) {
  if (directory.empty()) return absl::OkStatus();
  const auto found = entries.find(std::string(directory));
  if (found == entries.end() ||
      found->second.type != payload::v1::FILE_TYPE_DIRECTORY) {
    return Invalid(path, "does not follow the directory that contains it");
  }
  return absl::OkStatus();
}

absl::Status AddEntry(const FileEntry& file, absl::string_view source_path,
                      absl::string_view prefix, Entries& entries) {
  GANTRY_RETURN_IF_ERROR(ValidateEntry(file));
  InstallEntry entry;
  entry.path = JoinPath(prefix, file.path());
  entry.type = file.type();
  entry.mode = file.mode();
  if (file.type() == payload::v1::FILE_TYPE_REGULAR) {
    entry.size = file.size();
    entry.digest = file.digest();
    entry.source = JoinPath(absl::StripPrefix(source_path, "/"), file.path());
  } else if (file.type() == payload::v1::FILE_TYPE_SYMLINK) {
    entry.mode = 0;
    entry.link_target = file.link_target();
  }
  if (entry.path == kReceipt) return Invalid(entry.path, "reserved name");
  GANTRY_RETURN_IF_ERROR(
      RequireDirectory(entries, ParentPath(entry.path), entry.path));
  const auto [known, is_new] = entries.emplace(entry.path, entry);
  const bool is_shared_directory =
      entry.type == payload::v1::FILE_TYPE_DIRECTORY &&
      known->second.type == entry.type;
  if (!is_new && !is_shared_directory)
    return Invalid(entry.path, "listed twice");
  return absl::OkStatus();
}

// Follows the link at `path` through the entries, as the kernel does on the
// host.
absl::Status RequireInside(const Entries& entries, const std::string& path) {
  std::vector<std::string> resolved;
  std::deque<std::string> rest = absl::StrSplit(path, '/');
  for (int links = 0; !rest.empty();) {
    const std::string part = std::move(rest.front());
    rest.pop_front();
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      if (resolved.empty())
        return Invalid(path, "link leads outside the installed directory");
      resolved.pop_back();
      continue;
    }
    resolved.push_back(part);
    const auto entry = entries.find(absl::StrJoin(resolved, "/"));
    if (entry == entries.end() ||
        entry->second.type != payload::v1::FILE_TYPE_SYMLINK) {
      continue;
    }
    if (++links > kMaxLinks) return Invalid(path, "too many links");
    resolved.pop_back();
    const std::vector<std::string> target =
        absl::StrSplit(entry->second.link_target, '/');
    rest.insert(rest.begin(), target.begin(), target.end());
  }
  return absl::OkStatus();
}

absl::Status AddComponent(const Component& component, absl::string_view prefix,
                          Entries& entries) {
  const std::string& source = component.source_path();
  if (!absl::StartsWith(source, "/payload/") ||
      !IsNormalized(absl::StripPrefix(source, "/"))) {
    return Invalid(source, "not a normalized path below /payload");
  }
  std::string directory;
  if (!prefix.empty()) {
    for (absl::string_view part : absl::StrSplit(prefix, '/')) {
      directory = JoinPath(directory, part);
      InstallEntry entry;
      entry.path = directory;
      entry.type = payload::v1::FILE_TYPE_DIRECTORY;
      entry.mode = kDirectoryMode;
      entries.emplace(directory, std::move(entry));
      GANTRY_RETURN_IF_ERROR(RequireDirectory(entries, directory, prefix));
    }
  }
  for (const FileEntry& file : component.files()) {
    GANTRY_RETURN_IF_ERROR(
        Annotate(AddEntry(file, source, prefix, entries), source));
  }
  return absl::OkStatus();
}

absl::StatusOr<InstallTarget> Finish(absl::string_view name,
                                     std::string directory, Entries entries) {
  for (const auto& [path, entry] : entries) {
    if (entry.type != payload::v1::FILE_TYPE_SYMLINK) continue;
    GANTRY_RETURN_IF_ERROR(Annotate(RequireInside(entries, path), name));
  }
  InstallTarget target;
  target.name = std::string(name);
  target.base = JoinPath("opt", name);
  target.directory = std::move(directory);
  Sha256 sha256;
  for (auto& [path, entry] : entries) {
    // NUL ends each field: no path or link target contains one.
    for (absl::string_view field :
         {absl::string_view(path), absl::string_view(entry.digest),
          absl::string_view(entry.link_target)}) {
      sha256.Update(field);
      sha256.Update(absl::string_view("\0", 1));
    }
    sha256.Update(absl::StrCat(entry.type, " ", entry.mode, " ", entry.size));
    sha256.Update(absl::string_view("\0", 1));
    target.entries.push_back(std::move(entry));
  }
  target.digest = sha256.Finish();
  return target;
}

}  // namespace

int64_t InstallTarget::ByteCount() const {
  int64_t bytes = 0;
  for (const InstallEntry& entry : entries) bytes += entry.size;
  return bytes;
}

int64_t InstallTarget::FileCount() const {
  return std::count_if(entries.begin(), entries.end(), [](const auto& entry) {
    return entry.type == payload::v1::FILE_TYPE_REGULAR;
  });
}

absl::StatusOr<std::vector<InstallTarget>> MakeLayout(
    const PayloadManifest& manifest) {
  const auto& coordinates = manifest.coordinates();
  GANTRY_RETURN_IF_ERROR(ValidateCoordinates(coordinates));
  GANTRY_RETURN_IF_ERROR(ValidateKernelRelease(coordinates.kernel_release()));
  const std::string modules_prefix =
      absl::StrCat("lib/modules/", coordinates.kernel_release(), "/video");

  Entries nvidia;
  Entries cuda;
  for (const Component& component : manifest.components()) {
    switch (component.kind()) {
      case payload::v1::COMPONENT_KIND_CUDA:
        GANTRY_RETURN_IF_ERROR(AddComponent(component, "", cuda));
        break;
      case payload::v1::COMPONENT_KIND_DRIVER:
        GANTRY_RETURN_IF_ERROR(AddComponent(component, "", nvidia));
        break;
      case payload::v1::COMPONENT_KIND_MODULES:
        GANTRY_RETURN_IF_ERROR(AddComponent(component, modules_prefix, nvidia));
        break;
      default:
        return Invalid(component.source_path(), "unknown component kind");
    }
  }
  std::vector<InstallTarget> targets;
  if (!nvidia.empty()) {
    GANTRY_ASSIGN_OR_RETURN(
        InstallTarget target,
        Finish("nvidia",
               JoinPath(DriverName(coordinates), coordinates.os_release()),
               std::move(nvidia)));
    targets.push_back(std::move(target));
  }
  if (!cuda.empty()) {
    GANTRY_ASSIGN_OR_RETURN(
        InstallTarget target,
        Finish("cuda", coordinates.cuda_version(), std::move(cuda)));
    targets.push_back(std::move(target));
  }
  if (targets.empty()) {
    return absl::InvalidArgumentError("the manifest lists no files");
  }
  return targets;
}

}  // namespace gantry::node
