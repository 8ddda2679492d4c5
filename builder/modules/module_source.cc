#include "builder/modules/module_source.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "base/file.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "builder/archive/archive_reader.h"
#include "proto/coordinates.pb.h"

namespace gantry::modules {
namespace {

namespace fs = std::filesystem;
using builder::v1::CompileRequest;
using builder::v1::SourceFile;

// The deepest known directory to build is "modules/nvidia-open-kernel" of
// Debian's package.
constexpr int kMaxDepth = 4;

std::string Keep(absl::string_view path) { return std::string(path); }

// "usr/src/a/b" -> "a/b"; "" for other paths.
std::string BelowUsrSrc(absl::string_view path) {
  return absl::ConsumePrefix(&path, "usr/src/") ? std::string(path) : "";
}

// Unpacks the tar archives in a package's usr/src and returns their number.
absl::StatusOr<int> UnpackInnerArchives(archive::ArchiveReader& package,
                                        const std::string& directory) {
  int count = 0;
  while (true) {
    GANTRY_ASSIGN_OR_RETURN(const bool more, package.Next());
    if (!more) return count;
    const std::string path = BelowUsrSrc(package.path());
    if (!package.is_regular_file() || !absl::StrContains(path, ".tar")) {
      continue;
    }
    GANTRY_ASSIGN_OR_RETURN(const std::unique_ptr<archive::ArchiveReader> inner,
                            archive::ArchiveReader::OpenEntryOf(package));
    GANTRY_RETURN_IF_ERROR(archive::ExtractArchive(*inner, directory, Keep));
    ++count;
  }
}

// Calls `use` with the tar of the package's files.
template <typename Use>
auto WithPackageData(const std::string& path, Use use)
    -> decltype(use(std::declval<archive::ArchiveReader&>())) {
  GANTRY_ASSIGN_OR_RETURN(const std::unique_ptr<archive::ArchiveReader> package,
                          archive::ArchiveReader::Open(path));
  while (true) {
    GANTRY_ASSIGN_OR_RETURN(const bool more, package->Next());
    if (!more) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ": not a Debian package: it has no data.tar"));
    }
    if (!absl::StartsWith(package->path(), "data.tar")) continue;
    GANTRY_ASSIGN_OR_RETURN(const std::unique_ptr<archive::ArchiveReader> data,
                            archive::ArchiveReader::OpenEntryOf(*package));
    return use(*data);
  }
}

absl::Status UnpackPackage(const std::string& path,
                           const std::string& directory) {
  GANTRY_ASSIGN_OR_RETURN(
      const int archives,
      WithPackageData(path, [&](archive::ArchiveReader& data) {
        return UnpackInnerArchives(data, directory);
      }));
  if (archives > 0) return absl::OkStatus();
  return WithPackageData(path, [&](archive::ArchiveReader& data) {
    return archive::ExtractArchive(data, directory, BelowUsrSrc);
  });
}

absl::Status UnpackArchive(const std::string& path,
                           const std::string& directory) {
  // libarchive knows the format once it has seen an entry.
  bool is_package = false;
  {
    GANTRY_ASSIGN_OR_RETURN(const std::unique_ptr<archive::ArchiveReader> probe,
                            archive::ArchiveReader::Open(path));
    GANTRY_RETURN_IF_ERROR(probe->Next().status());
    is_package = probe->is_ar();
  }
  if (is_package) return UnpackPackage(path, directory);
  GANTRY_ASSIGN_OR_RETURN(const std::unique_ptr<archive::ArchiveReader> reader,
                          archive::ArchiveReader::Open(path));
  return archive::ExtractArchive(*reader, directory, Keep);
}

absl::Status CopyFile(const SourceFile& file, const std::string& directory) {
  const fs::path target = fs::path(directory) / file.destination();
  GANTRY_RETURN_IF_ERROR(CreateDirectories(target.parent_path().string()));
  std::error_code error;
  fs::copy_file(file.path(), target, error);
  if (error) return ErrnoStatus(error.value(), file.path());
  fs::permissions(target, fs::perms::owner_write, fs::perm_options::add, error);
  return absl::OkStatus();
}

bool Has(const fs::path& directory, const char* name) {
  std::error_code ignored;
  return fs::is_regular_file(directory / name, ignored);
}

bool IsBuildable(const fs::path& directory) {
  std::error_code ignored;
  return fs::symlink_status(directory, ignored).type() ==
             fs::file_type::directory &&
         (Has(directory, "Kbuild") || Has(directory, "Makefile"));
}

std::vector<fs::path> Subdirectories(const std::vector<fs::path>& directories) {
  std::vector<fs::path> subdirectories;
  for (const fs::path& directory : directories) {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(directory, ignored)) {
      if (entry.is_directory() && !entry.is_symlink()) {
        subdirectories.push_back(entry.path());
      }
    }
  }
  std::sort(subdirectories.begin(), subdirectories.end());
  return subdirectories;
}

std::string SourceName(const CompileRequest& request) {
  return request.source_archive().empty()
             ? "the source files"
             : fs::path(request.source_archive()).filename().string();
}

absl::StatusOr<fs::path> FindTop(const std::string& directory,
                                 const CompileRequest& request) {
  const bool is_proprietary =
      request.flavour() == cell::v1::DRIVER_FLAVOUR_PROPRIETARY;
  const char* const nvidia_tree = is_proprietary ? "kernel" : "kernel-open";
  // An open request has no counterpart: sources other than NVIDIA's may also
  // have a directory "kernel".
  const auto is_other_flavour = [&](const fs::path& candidate) {
    return is_proprietary && (candidate.filename() == "kernel-open" ||
                              IsBuildable(candidate / "kernel-open"));
  };
  std::vector<fs::path> level = {directory};
  for (int depth = 0; depth <= kMaxDepth; ++depth) {
    // NVIDIA's own repository has a Makefile above its module trees.
    for (const fs::path& candidate : level) {
      if (IsBuildable(candidate / nvidia_tree)) return candidate / nvidia_tree;
    }
    for (const fs::path& candidate : level) {
      if (IsBuildable(candidate) && !is_other_flavour(candidate)) {
        return candidate;
      }
    }
    level.erase(std::remove_if(level.begin(), level.end(), is_other_flavour),
                level.end());
    level = Subdirectories(level);
  }
  return absl::NotFoundError(
      absl::StrCat("no Kbuild file or Makefile ",
                   is_proprietary ? "of the proprietary flavour " : "", "in ",
                   SourceName(request)));
}

// Whether a tree builds NVIDIA's proprietary modules, according to the license
// of nvidia.ko: "NVIDIA", or "Dual MIT/GPL" for the open ones.  nullopt: the
// tree is not NVIDIA's.
std::optional<bool> IsProprietary(const fs::path& top) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(top / "nvidia", ignored)) {
    if (entry.path().extension() != ".c" || !entry.is_regular_file() ||
        entry.is_symlink()) {
      continue;
    }
    const std::string code = ReadFile(entry.path().string()).value_or("");
    if (absl::StrContains(code, "MODULE_LICENSE(\"NVIDIA\")")) return true;
    if (absl::StrContains(code, "MODULE_LICENSE(")) return false;
  }
  return std::nullopt;
}

absl::Status CheckFlavour(const fs::path& top, const CompileRequest& request) {
  const bool wanted = request.flavour() == cell::v1::DRIVER_FLAVOUR_PROPRIETARY;
  const std::optional<bool> found = IsProprietary(top);
  if (!found.has_value() || *found == wanted) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      SourceName(request), " has the ", wanted ? "open" : "proprietary",
      " flavour of NVIDIA's modules, not the ", wanted ? "proprietary" : "open",
      " one; choose other sources or another flavour"));
}

}  // namespace

absl::StatusOr<ModuleSource> UnpackModuleSource(const CompileRequest& request,
                                                const std::string& directory) {
  if (!request.source_archive().empty()) {
    GANTRY_RETURN_IF_ERROR(UnpackArchive(request.source_archive(), directory));
  }
  for (const SourceFile& file : request.source_files()) {
    GANTRY_RETURN_IF_ERROR(CopyFile(file, directory));
  }
  GANTRY_ASSIGN_OR_RETURN(const fs::path top, FindTop(directory, request));
  GANTRY_RETURN_IF_ERROR(CheckFlavour(top, request));
  ModuleSource source;
  source.directory = top.string();
  source.build_system = Has(top, "Makefile") && Has(top, "conftest.sh")
                            ? BuildSystem::kNvidia
                            : BuildSystem::kKbuild;
  return source;
}

}  // namespace gantry::modules
