#include "builder/modules/kernel_headers.h"

#include <archive_entry.h>

#include <filesystem>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "builder/archive/archive_reader.h"
#include "builder/modules/kernel_tree.h"
#include "builder/modules/unpack_root.h"

namespace gantry::modules {
namespace {

namespace fs = std::filesystem;
using archive::ArchiveReader;

bool IsOneOf(absl::string_view path, const std::set<std::string>& headers) {
  for (const std::string& header : headers) {
    if (absl::EndsWith(path, absl::StrCat("/", header))) return true;
  }
  return false;
}

// The path that the current entry links to; empty if it is no link.  Links in
// the middle of the path are not resolved.
std::string LinkTarget(ArchiveReader& reader) {
  fs::path target;
  if (const char* path = archive_entry_hardlink(reader.entry())) {
    target = fs::path("/") / path;
  } else if (archive_entry_filetype(reader.entry()) == AE_IFLNK) {
    target = fs::path("/") / fs::path(reader.path()).parent_path() /
             archive_entry_symlink(reader.entry());
  }
  // An absolute path replaces what is before it.
  return target.lexically_normal().relative_path();
}

// Adds the paths of all files in the tar that may be the headers, and of those
// that they are links to.  Returns whether the latter have to be looked at.
absl::StatusOr<bool> AddFiles(const std::string& root_tar,
                              const std::set<std::string>& headers,
                              std::set<std::string>& paths) {
  GANTRY_ASSIGN_OR_RETURN(const std::unique_ptr<ArchiveReader> reader,
                          ArchiveReader::Open(root_tar));
  bool has_new_target = false;
  while (true) {
    GANTRY_ASSIGN_OR_RETURN(const bool more, reader->Next());
    if (!more) return has_new_target;
    if (!IsOneOf(reader->path(), headers) && paths.count(reader->path()) == 0) {
      continue;
    }
    paths.insert(reader->path());
    const std::string target = LinkTarget(*reader);
    if (!target.empty() && paths.insert(target).second) has_new_target = true;
  }
}

absl::StatusOr<std::set<std::string>> FindFiles(
    const std::string& root_tar, const std::set<std::string>& headers) {
  std::set<std::string> paths;
  while (true) {
    GANTRY_ASSIGN_OR_RETURN(const bool has_new_target,
                            AddFiles(root_tar, headers, paths));
    if (!has_new_target) return paths;
  }
}

// Whether the current entry is needed to resolve paths.
bool IsDirectoryOrLink(ArchiveReader& reader) {
  if (archive_entry_hardlink(reader.entry()) != nullptr) return false;
  const auto type = archive_entry_filetype(reader.entry());
  return type == AE_IFDIR || type == AE_IFLNK;
}

absl::Status Unpack(const std::string& root_tar,
                    const std::set<std::string>& headers,
                    const std::string& directory) {
  GANTRY_ASSIGN_OR_RETURN(const std::set<std::string> files,
                          FindFiles(root_tar, headers));
  GANTRY_ASSIGN_OR_RETURN(const std::unique_ptr<ArchiveReader> reader,
                          ArchiveReader::Open(root_tar));
  return archive::ExtractArchive(
      *reader, directory, [&](absl::string_view path) {
        const bool is_wanted =
            files.count(std::string(path)) != 0 ||
            (IsDirectoryOrLink(*reader) && IsNeededForCompiling(path));
        return is_wanted ? std::string(path) : std::string();
      });
}

}  // namespace

absl::StatusOr<std::map<std::string, std::string>> ReadKernelHeaders(
    const std::string& root_tar, const std::string& build_path,
    const std::set<std::string>& headers, const std::string& scratch) {
  const std::string root = JoinPath(scratch, "headers");
  GANTRY_RETURN_IF_ERROR(Unpack(root_tar, headers, root));
  GANTRY_ASSIGN_OR_RETURN(const KernelPaths paths,
                          FindKernelPaths(root, build_path));
  std::map<std::string, std::string> contents;
  for (const std::string& header : headers) {
    absl::StatusOr<std::string> content = ReadKernelHeader(root, paths, header);
    if (absl::IsNotFound(content.status())) continue;
    GANTRY_RETURN_IF_ERROR(content.status());
    contents[header] = *std::move(content);
  }
  return contents;
}

}  // namespace gantry::modules
