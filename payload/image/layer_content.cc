#include "payload/image/layer_content.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/relative_path.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "payload/image/tar_index.h"

namespace gantry::image {
namespace {

using EntryByPath = std::map<std::string, LayerEntry>;

// Opens a file that several entries read.
absl::StatusOr<std::shared_ptr<const InputFile>> OpenShared(
    const std::string& path) {
  GANTRY_ASSIGN_OR_RETURN(InputFile file, InputFile::Open(path));
  return std::make_shared<const InputFile>(std::move(file));
}

TarEntry DirectoryEntry(absl::string_view path) {
  TarEntry entry;
  entry.path = std::string(path);
  entry.type = TarEntryType::kDirectory;
  entry.mode = 0755;
  return entry;
}

absl::Status AddParents(EntryByPath& entries, absl::string_view path) {
  for (absl::string_view parent = ParentPath(path); !parent.empty();
       parent = ParentPath(parent)) {
    const auto [found, is_new] = entries.try_emplace(std::string(parent));
    if (is_new) found->second.entry = DirectoryEntry(parent);
    if (found->second.entry.type != TarEntryType::kDirectory) {
      return absl::InvalidArgumentError(absl::StrCat(
          path, " is below ", parent, ", which is not a directory"));
    }
  }
  return absl::OkStatus();
}

// Adds missing directories, checks all entries, and sorts them.
absl::StatusOr<std::vector<LayerEntry>> Complete(EntryByPath entries) {
  std::vector<std::string> paths;
  for (const auto& [path, entry] : entries) paths.push_back(path);
  for (const std::string& path : paths) {
    GANTRY_RETURN_IF_ERROR(AddParents(entries, path));
    const TarEntry& entry = entries[path].entry;
    if (entry.type == TarEntryType::kSymlink) {
      GANTRY_RETURN_IF_ERROR(
          Annotate(ResolveLink(path, entry.link_target).status(), path));
    }
  }
  std::vector<LayerEntry> sorted;
  for (auto& [path, entry] : entries) sorted.push_back(std::move(entry));
  return sorted;
}

}  // namespace

absl::StatusOr<std::vector<LayerEntry>> ReadTarContent(
    const std::string& path) {
  GANTRY_ASSIGN_OR_RETURN(const auto archive, OpenShared(path));
  GANTRY_ASSIGN_OR_RETURN(std::vector<IndexedTarEntry> index,
                          IndexTar(*archive));
  EntryByPath entries;
  for (IndexedTarEntry& indexed : index) {
    const auto [found, is_new] = entries.try_emplace(indexed.entry.path);
    if (!is_new) {
      return absl::InvalidArgumentError(absl::StrCat(
          path, ": ", indexed.entry.path, " is in the archive twice"));
    }
    LayerEntry& entry = found->second;
    entry.entry = std::move(indexed.entry);
    entry.file = archive;
    entry.offset = indexed.offset;
  }
  auto complete = Complete(std::move(entries));
  if (!complete.ok()) return Annotate(complete.status(), path);
  return complete;
}

absl::StatusOr<std::vector<LayerEntry>> ReadProgramContent(
    const std::map<std::string, std::string>& files) {
  EntryByPath entries;
  for (const auto& [name, path] : files) {
    GANTRY_ASSIGN_OR_RETURN(const std::string clean, CleanRelativePath(name));
    LayerEntry& entry = entries[clean];
    GANTRY_ASSIGN_OR_RETURN(entry.file, OpenShared(path));
    entry.entry.path = clean;
    entry.entry.mode = 0755;
    entry.entry.size = entry.file->size();
  }
  return Complete(std::move(entries));
}

}  // namespace gantry::image
