#include "builder/userland/tree.h"

#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/output_file.h"
#include "base/relative_path.h"
#include "base/status_macros.h"
#include "base/tar_writer.h"
#include "builder/userland/soname.h"

namespace gantry::userland {
namespace {

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

bool IsLibraryDirectory(absl::string_view directory) {
  return directory == "lib64" || directory == "nvvm/lib64";
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

void Tree::AddLink(const std::string& path, const std::string& origin,
                   const std::string& target) {
  if (path != target) links_[path].emplace(target, origin);
}

absl::StatusOr<Spool::Extent> Tree::Content(const std::string& path) const {
  const auto found = files_.find(path);
  if (found == files_.end()) {
    return absl::NotFoundError(absl::StrCat(path, " is not in the tree"));
  }
  return found->second.content;
}

bool Tree::HasDirectory(const std::string& path) const {
  const std::string prefix = path + "/";
  const auto first = files_.lower_bound(prefix);
  return first != files_.end() && absl::StartsWith(first->first, prefix);
}

bool Tree::Has(const std::string& path) const {
  return files_.count(path) != 0 || HasDirectory(path);
}

std::map<std::string, std::string> Tree::LinkEnds() const {
  std::map<std::string, std::string> ends;
  // Each round resolves the links to those that are resolved already.
  for (bool changed = true; changed;) {
    changed = false;
    for (const auto& [path, targets] : links_) {
      for (const auto& [target, origin] : targets) {
        const auto end = ends.find(target);
        if (Has(target)) {
          changed |= ends.emplace(path, target).second;
        } else if (end != ends.end()) {
          changed |= ends.emplace(path, end->second).second;
        }
      }
    }
  }
  return ends;
}

absl::Status Tree::CheckLinkIsEntry(const std::string& path,
                                    const std::string& end,
                                    absl::string_view origin) const {
  if (end == path) return absl::OkStatus();
  const auto entry = files_.find(path);
  const auto linked = files_.find(end);
  if (entry == files_.end()) {
    return absl::FailedPreconditionError(absl::StrCat(
        path, " is a directory, and a link to ", end, " in ", origin));
  }
  bool same = false;
  if (linked != files_.end()) {
    GANTRY_ASSIGN_OR_RETURN(same, SameContent(spool_, entry->second.content,
                                              linked->second.content));
  }
  if (same) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(path, " is a file in ", entry->second.origin,
                   " and a link to ", end, " in ", origin));
}

absl::StatusOr<std::map<std::string, std::string>> Tree::ResolvedLinks() const {
  const std::map<std::string, std::string> ends = LinkEnds();
  std::map<std::string, std::string> resolved;
  for (const auto& [path, targets] : links_) {
    std::string first_end;
    absl::string_view first_origin;
    for (const auto& [target, origin] : targets) {
      const auto link = ends.find(target);
      if (!Has(target) && link == ends.end()) continue;
      const std::string& end = Has(target) ? target : link->second;
      if (Has(path)) {
        GANTRY_RETURN_IF_ERROR(CheckLinkIsEntry(path, end, origin));
      } else if (resolved.emplace(path, target).second) {
        first_end = end;
        first_origin = origin;
      } else if (end != first_end) {
        return absl::FailedPreconditionError(
            absl::StrCat(path, " is a link to ", first_end, " in ",
                         first_origin, " and to ", end, " in ", origin));
      }
    }
  }
  return resolved;
}

absl::Status Tree::AddSonameLinks() {
  GANTRY_ASSIGN_OR_RETURN(const auto links, ResolvedLinks());
  std::map<std::string, std::string> added;
  for (const auto& [path, file] : files_) {
    const absl::string_view directory = ParentPath(path);
    if (!IsLibraryDirectory(directory)) continue;
    std::string soname;
    GANTRY_RETURN_IF_ERROR(spool_.Map(
        file.content, [&](absl::string_view elf) { soname = Soname(elf); }));
    if (soname.empty()) continue;
    const std::string link = absl::StrCat(directory, "/", soname);
    if (files_.count(link) != 0 || links.count(link) != 0) continue;
    const auto [found, is_new] = added.emplace(link, path);
    if (!is_new) {
      return absl::FailedPreconditionError(
          absl::StrCat(found->second, " and ", path, " have the same SONAME"));
    }
  }
  for (const auto& [link, path] : added) {
    links_[link] = {{path, files_.at(path).origin}};
  }
  return absl::OkStatus();
}

absl::StatusOr<std::map<std::string, TarEntry>> Tree::Entries() const {
  GANTRY_ASSIGN_OR_RETURN(const auto links, ResolvedLinks());
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
  std::set<std::string> directories;
  for (const auto& [path, entry] : entries) {
    for (absl::string_view directory = ParentPath(path); !directory.empty();
         directory = ParentPath(directory)) {
      directories.emplace(directory);
    }
  }
  for (const std::string& directory : directories) {
    TarEntry& entry = entries[directory];
    if (entry.mode != 0) {
      return absl::FailedPreconditionError(
          absl::StrCat(directory, " is both a file and a directory"));
    }
    entry.type = TarEntryType::kDirectory;
    entry.mode = 0755;
  }
  for (auto& [path, entry] : entries) entry.path = path;
  return entries;
}

absl::Status Tree::Write(const std::string& output) const {
  GANTRY_ASSIGN_OR_RETURN(const auto entries, Entries());
  GANTRY_ASSIGN_OR_RETURN(OutputFile file, OutputFile::Create(output));
  TarWriter tar([&](absl::string_view data) { return file.Append(data); });
  for (const auto& [path, entry] : entries) {
    if (entry.type != TarEntryType::kRegular) {
      GANTRY_RETURN_IF_ERROR(tar.Add(entry));
      continue;
    }
    const Spool::Extent& content = files_.at(path).content;
    GANTRY_RETURN_IF_ERROR(tar.AddFile(entry, [&] {
      return spool_.Read(
          content, [&](absl::string_view piece) { return file.Append(piece); });
    }));
  }
  GANTRY_RETURN_IF_ERROR(tar.Finish());
  return file.Close();
}

}  // namespace gantry::userland
