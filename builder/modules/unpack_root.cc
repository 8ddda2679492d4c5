#include "builder/modules/unpack_root.h"

#include <memory>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/status_macros.h"
#include "builder/archive/archive_reader.h"
#include "builder/sandbox/sandbox.h"

namespace gantry::modules {
namespace {

constexpr absl::string_view kUnneededDirectories[] = {
    "boot",
    "dev",
    "lost+found",
    "proc",
    "run",
    "sys",
    "tmp",
    "usr/lib/firmware",
    "usr/lib64/firmware",
    "usr/share/bash-completion",
    "usr/share/doc",
    "usr/share/i18n",
    "usr/share/info",
    "usr/share/locale",
    "usr/share/man",
    "usr/share/zoneinfo",
    "var/cache",
    "var/db/pkg",
    "var/lib/apt",
    "var/lib/dpkg",
    "var/lib/portage",
    "var/log",
};

bool IsBelow(absl::string_view path, absl::string_view directory) {
  return absl::StartsWith(path, directory) &&
         (path.size() == directory.size() || path[directory.size()] == '/');
}

// "lib/modules/<kernel>/kernel/...", where lib may also be usr/lib or lib64.
bool IsInTreeModule(absl::string_view path) {
  absl::ConsumePrefix(&path, "usr/");
  if (!absl::ConsumePrefix(&path, "lib/modules/") &&
      !absl::ConsumePrefix(&path, "lib64/modules/")) {
    return false;
  }
  const std::vector<absl::string_view> parts = absl::StrSplit(path, '/');
  return parts.size() >= 2 && parts[1] == "kernel";
}

}  // namespace

bool IsNeededForCompiling(absl::string_view path) {
  for (absl::string_view directory : kUnneededDirectories) {
    if (IsBelow(path, directory)) return false;
  }
  return !IsInTreeModule(path);
}

absl::Status UnpackRoot(const std::string& root_tar,
                        const std::string& directory) {
  GANTRY_ASSIGN_OR_RETURN(const std::unique_ptr<archive::ArchiveReader> reader,
                          archive::ArchiveReader::Open(root_tar));
  GANTRY_RETURN_IF_ERROR(
      archive::ExtractArchive(*reader, directory, [](absl::string_view path) {
        return IsNeededForCompiling(path) ? std::string(path) : std::string();
      }));
  return sandbox::PrepareSandboxRoot(directory);
}

}  // namespace gantry::modules
