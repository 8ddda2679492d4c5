#include "builder/userland/tree.h"

#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/output_file.h"
#include "base/relative_path.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "base/tar_header.h"
#include "builder/userland/soname.h"

namespace gantry::userland {
namespace {

// As many as Linux follows (path_resolution(7)).
constexpr int kMaxLinks = 40;

absl::StatusOr<bool> SameContent(const Spool& spool, const Spool::Extent& a,
                                 const Spool::Extent& b) {
  if (a.size != b.size) return false;
  bool same = false;
  absl::Status status = absl::OkStatus();
  GANTRY_RETURN_IF_ERROR(spool.Map(a, [&](absl::string_view left) {
    status =
        spool.Map(b, [&](absl::string_view right) { same = left == right; });
  }));
  GANTRY_RETURN_IF_ERROR(status);
  return same;
}

bool IsLibraryFolder(absl::string_view folder) {
  return folder == "lib64" || folder == "nvvm/lib64";
}

}  // namespace

absl::Status Tree::AddFile(const std::string& path, const std::string& origin,
                           int rank, bool is_program, Spool::Extent content) {
  const File file = {origin, rank, is_program, content};
  const auto [found, is_new] = files_.emplace(path, file);
  if (is_new || rank < found->second.rank) return absl::OkStatus();
  if (rank == found->second.rank) {
    GANTRY_ASSIGN_OR_RETURN(
        const bool same, SameContent(spool_, found->second.content, content));
    if (same && is_program == found->second.is_program) return absl::OkStatus();
    return absl::FailedPreconditionError(
        absl::StrCat(path, " is in ", found->second.origin, " and in ", origin,
                     ", and they differ"));
  }
  found->second = file;
  return absl::OkStatus();
}

void Tree::AddLink(const std::string& path, const std::string& target) {
  if (path == target) return;
  const auto [found, is_new] = links_.emplace(path, target);
  // Of two that differ, the one by name, so that the order does not matter.
  if (!is_new && target < found->second) found->second = target;
}

absl::StatusOr<Spool::Extent> Tree::Content(const std::string& path) const {
  const auto found = files_.find(path);
  if (found == files_.end()) {
    return absl::NotFoundError(absl::StrCat(path, " is not in the tree"));
  }
  return found->second.content;
}

bool Tree::HasFolder(const std::string& path) const {
  const std::string prefix = path + "/";
  const auto first = files_.lower_bound(prefix);
  return first != files_.end() && absl::StartsWith(first->first, prefix);
}

std::map<std::string, std::string> Tree::LiveLinks() const {
  std::map<std::string, std::string> live;
  for (const auto& [path, target] : links_) {
    if (files_.count(path) != 0 || HasFolder(path)) continue;
    std::string end = target;
    for (int i = 0; i < kMaxLinks && files_.count(end) == 0; ++i) {
      const auto next = links_.find(end);
      if (next == links_.end()) break;
      end = next->second;
    }
    if (files_.count(end) != 0 || HasFolder(end)) live.emplace(path, target);
  }
  return live;
}

absl::Status Tree::AddSonameLinks() {
  // What is there already, by its final name.
  const std::map<std::string, std::string> live = LiveLinks();
  std::map<std::string, std::string> made;
  for (const auto& [path, file] : files_) {
    const absl::string_view folder = ParentPath(path);
    if (!IsLibraryFolder(folder)) continue;
    std::string soname;
    GANTRY_RETURN_IF_ERROR(spool_.Map(
        file.content, [&](absl::string_view elf) { soname = Soname(elf); }));
    if (soname.empty()) continue;
    const std::string link = absl::StrCat(folder, "/", soname);
    if (files_.count(link) != 0 || live.count(link) != 0) continue;
    const auto [found, is_new] = made.emplace(link, path);
    if (!is_new) {
      return absl::FailedPreconditionError(
          absl::StrCat(found->second, " and ", path, " have the same SONAME"));
    }
  }
  for (const auto& [link, path] : made) links_[link] = path;
  return absl::OkStatus();
}

absl::Status Tree::Write(const std::string& output) const {
  const std::map<std::string, std::string> links = LiveLinks();
  std::map<std::string, TarEntry> entries;
  for (const auto& [path, file] : files_) {
    TarEntry& entry = entries[path];
    entry.mode = file.is_program ? 0755 : 0644;
    entry.size = file.content.size;
  }
  for (const auto& [path, target] : links) {
    TarEntry& entry = entries[path];
    entry.type = TarEntryType::kSymlink;
    entry.mode = 0777;
    entry.link_target = RelativeLinkTarget(path, target);
  }
  std::set<std::string> folders;
  for (const auto& [path, entry] : entries) {
    for (absl::string_view folder = ParentPath(path); !folder.empty();
         folder = ParentPath(folder)) {
      folders.emplace(folder);
    }
  }
  for (const std::string& folder : folders) {
    TarEntry& entry = entries[folder];
    if (entry.mode != 0) {
      return absl::FailedPreconditionError(
          absl::StrCat(folder, " is a file and a folder"));
    }
    entry.type = TarEntryType::kDirectory;
    entry.mode = 0755;
  }

  GANTRY_ASSIGN_OR_RETURN(OutputFile tar, OutputFile::Create(output));
  for (auto& [path, entry] : entries) {
    entry.path = path;
    GANTRY_RETURN_IF_ERROR(tar.Append(TarHeader(entry)));
    if (entry.type != TarEntryType::kRegular) continue;
    GANTRY_RETURN_IF_ERROR(spool_.Read(
        files_.at(path).content,
        [&](absl::string_view piece) { return tar.Append(piece); }));
    GANTRY_RETURN_IF_ERROR(tar.Append(TarPadding(entry.size)));
  }
  GANTRY_RETURN_IF_ERROR(tar.Append(TarEnd()));
  return tar.Close();
}

}  // namespace gantry::userland
