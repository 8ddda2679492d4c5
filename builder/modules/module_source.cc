#include "builder/modules/module_source.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <system_error>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
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
using cell::v1::DriverFlavour;

// Below the archive's top: "modules/nvidia-open-kernel" is the deepest known.
constexpr int kMaxDepth = 4;

std::string Keep(absl::string_view path) { return std::string(path); }

// "usr/src/a/b" -> "a/b"; "" for what lies elsewhere.
std::string BelowUsrSrc(absl::string_view path) {
  return absl::ConsumePrefix(&path, "usr/src/") ? std::string(path) : "";
}

// Unpacks the tar archives that a package has in usr/src.  Returns how many.
absl::StatusOr<int> UnpackInnerArchives(archive::ArchiveReader& package,
                                        const std::string& directory) {
  int count = 0;
  while (true) {
    GANTRY_ASSIGN_OR_RETURN(const bool more, package.Next());
    if (!more) return count;
    const std::string place = BelowUsrSrc(package.path());
    if (!package.is_regular_file() || !absl::StrContains(place, ".tar")) {
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
          absl::StrCat(path, ": a package without data.tar"));
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
  return Has(directory, "Kbuild") || Has(directory, "Makefile");
}

std::vector<fs::path> Subfolders(const std::vector<fs::path>& directories) {
  std::vector<fs::path> subfolders;
  for (const fs::path& directory : directories) {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(directory, ignored)) {
      if (entry.is_directory() && !entry.is_symlink()) {
        subfolders.push_back(entry.path());
      }
    }
  }
  std::sort(subfolders.begin(), subfolders.end());
  return subfolders;
}

std::string SourceName(const CompileRequest& request) {
  return request.source_archive().empty()
             ? "the source files"
             : fs::path(request.source_archive()).filename().string();
}

absl::StatusOr<fs::path> FindTop(const std::string& directory,
                                 const CompileRequest& request) {
  const char* nvidia_tree =
      request.flavour() == cell::v1::DRIVER_FLAVOUR_PROPRIETARY ? "kernel"
                                                                : "kernel-open";
  std::vector<fs::path> level = {directory};
  for (int depth = 0; depth <= kMaxDepth; ++depth) {
    // NVIDIA's own repository has a Makefile above its module trees.
    for (const fs::path& folder : level) {
      if (IsBuildable(folder / nvidia_tree)) return folder / nvidia_tree;
    }
    for (const fs::path& folder : level) {
      if (IsBuildable(folder)) return folder;
    }
    level = Subfolders(level);
  }
  return absl::NotFoundError(
      absl::StrCat("no Kbuild file or Makefile in ", SourceName(request)));
}

// The flavour of an NVIDIA module tree, which the license of nvidia.ko tells;
// unspecified for other trees.
DriverFlavour FlavourOfTree(const fs::path& top) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(top / "nvidia", ignored)) {
    if (entry.path().extension() != ".c") continue;
    const std::string code = ReadFile(entry.path().string()).value_or("");
    if (absl::StrContains(code, "MODULE_LICENSE(\"NVIDIA\")")) {
      return cell::v1::DRIVER_FLAVOUR_PROPRIETARY;
    }
    if (absl::StrContains(code, "MODULE_LICENSE(")) {
      return cell::v1::DRIVER_FLAVOUR_OPEN;
    }
  }
  return cell::v1::DRIVER_FLAVOUR_UNSPECIFIED;
}

absl::Status CheckFlavour(const fs::path& top, const CompileRequest& request) {
  if (request.flavour() == cell::v1::DRIVER_FLAVOUR_UNSPECIFIED ||
      request.flavour() == FlavourOfTree(top)) {
    return absl::OkStatus();
  }
  return absl::NotFoundError(absl::StrCat(
      "no ",
      request.flavour() == cell::v1::DRIVER_FLAVOUR_PROPRIETARY ? "proprietary"
                                                                : "open",
      " NVIDIA modules in ", SourceName(request)));
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
