#include "builder/userland/file_tree.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "base/relative_path.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "builder/archive/archive_reader.h"
#include "builder/userland/spool.h"
#include "builder/userland/tree.h"

namespace gantry::userland {
namespace {

constexpr size_t kPieceSize = 1 << 20;

enum class ArchiveKind { kDebian, kRedist };

// The member of a package (deb(5)) with the files.
constexpr absl::string_view kDataMember = "data.tar";

// Adds one archive to a tree.
class ArchiveAdder {
 public:
  ArchiveAdder(const FileTreeOptions& options, ArchiveKind kind,
               std::string origin, Spool& spool, Tree& tree)
      : options_(options),
        kind_(kind),
        origin_(std::move(origin)),
        spool_(spool),
        tree_(tree),
        buffer_(kPieceSize, '\0') {}

  // Adds the current entry of `reader`.
  absl::Status AddEntry(archive::ArchiveReader& reader) {
    struct archive_entry* const entry = reader.entry();
    const char* const name = archive_entry_pathname(entry);
    GANTRY_ASSIGN_OR_RETURN(const std::string path,
                            CleanRelativePath(name == nullptr ? "" : name));
    if (archive_entry_filetype(entry) == AE_IFDIR &&
        archive_entry_hardlink(entry) == nullptr) {
      return absl::OkStatus();
    }
    GANTRY_ASSIGN_OR_RETURN(const Destination destination, DestinationOf(path));
    if (destination.path.empty()) return absl::OkStatus();
    if (const char* target = archive_entry_hardlink(entry)) {
      return AddHardLink(entry, destination, target);
    }
    switch (archive_entry_filetype(entry)) {
      case AE_IFREG:
        return AddFile(reader, destination);
      case AE_IFLNK:
        return AddLink(path, destination, archive_entry_symlink(entry));
      default:
        return absl::InvalidArgumentError(
            absl::StrCat(path, " is not a file, directory or link"));
    }
  }

 private:
  absl::StatusOr<Destination> DestinationOf(absl::string_view path) const {
    absl::StatusOr<Destination> destination =
        kind_ == ArchiveKind::kDebian
            ? DebianDestination(options_.layout, path)
            : RedistDestination(options_.layout, path);
    const bool left_out = options_.static_archives ==
                              FileTreeOptions::StaticArchives::kLeaveOut &&
                          absl::EndsWith(path, ".a");
    if (destination.ok() && left_out) return Destination{};
    return destination;
  }

  static bool IsProgram(struct archive_entry* entry) {
    return (archive_entry_perm(entry) & 0111) != 0;
  }

  absl::Status AddFile(archive::ArchiveReader& reader,
                       const Destination& destination) {
    spool_.Begin();
    while (true) {
      const la_ssize_t got =
          archive_read_data(reader.handle(), &buffer_[0], buffer_.size());
      if (got < 0) {
        return absl::DataLossError(absl::StrCat(
            reader.path(), ": ", archive_error_string(reader.handle())));
      }
      if (got == 0) break;
      GANTRY_RETURN_IF_ERROR(
          spool_.Append(absl::string_view(buffer_.data(), got)));
    }
    return tree_.AddFile(destination.path, origin_, destination.rank,
                         IsProgram(reader.entry()), spool_.End());
  }

  absl::Status AddHardLink(struct archive_entry* entry,
                           const Destination& destination, const char* target) {
    GANTRY_ASSIGN_OR_RETURN(const std::string path, CleanRelativePath(target));
    GANTRY_ASSIGN_OR_RETURN(const Destination target_destination,
                            DestinationOf(path));
    GANTRY_ASSIGN_OR_RETURN(const Spool::Extent content,
                            tree_.Content(target_destination.path));
    return tree_.AddFile(destination.path, origin_, destination.rank,
                         IsProgram(entry), content);
  }

  absl::Status AddLink(const std::string& path, const Destination& destination,
                       const char* link_target) {
    absl::string_view target = link_target == nullptr ? "" : link_target;
    // An absolute link starts at the root that the package is installed to.
    const bool is_absolute = absl::ConsumePrefix(&target, "/");
    absl::StatusOr<std::string> resolved =
        ResolveLink(is_absolute ? "" : path, target);
    if (!resolved.ok()) return Annotate(resolved.status(), path);
    const absl::StatusOr<Destination> target_destination =
        DestinationOf(*resolved);
    if (target_destination.ok() && !target_destination->path.empty()) {
      tree_.AddLink(destination.path, origin_, target_destination->path);
    }
    return absl::OkStatus();
  }

  const FileTreeOptions& options_;
  const ArchiveKind kind_;
  const std::string origin_;
  Spool& spool_;
  Tree& tree_;
  std::string buffer_;
};

// Adds the remaining entries of `reader`; if `at_entry`, also the current one.
absl::Status AddEntries(archive::ArchiveReader& reader, bool at_entry,
                        ArchiveAdder adder) {
  while (true) {
    if (at_entry) GANTRY_RETURN_IF_ERROR(adder.AddEntry(reader));
    GANTRY_ASSIGN_OR_RETURN(at_entry, reader.Next());
    if (!at_entry) return absl::OkStatus();
  }
}

absl::Status AddArchive(const FileTreeOptions& options, const std::string& path,
                        Spool& spool, Tree& tree) {
  const std::string origin(BaseName(path));
  GANTRY_ASSIGN_OR_RETURN(const std::unique_ptr<archive::ArchiveReader> reader,
                          archive::ArchiveReader::Open(path));
  GANTRY_ASSIGN_OR_RETURN(bool more, reader->Next());
  if (!reader->is_ar()) {
    return AddEntries(
        *reader, more,
        ArchiveAdder(options, ArchiveKind::kRedist, origin, spool, tree));
  }
  for (; more;) {
    if (absl::StartsWith(reader->path(), kDataMember)) {
      const absl::StatusOr<std::unique_ptr<archive::ArchiveReader>> data =
          archive::ArchiveReader::OpenEntryOf(*reader);
      if (!data.ok()) return absl::DataLossError(data.status().message());
      return AddEntries(
          **data, false,
          ArchiveAdder(options, ArchiveKind::kDebian, origin, spool, tree));
    }
    GANTRY_ASSIGN_OR_RETURN(more, reader->Next());
  }
  return absl::InvalidArgumentError("not a Debian package: it has no data.tar");
}

}  // namespace

absl::Status WriteFileTree(const FileTreeOptions& options) {
  const std::string directory(ParentPath(options.output));
  GANTRY_ASSIGN_OR_RETURN(Spool spool,
                          Spool::Create(directory.empty() ? "." : directory));
  Tree tree(spool);
  // Sorted by name, so that errors do not depend on the order either.
  std::vector<std::string> archives = options.archives;
  std::sort(archives.begin(), archives.end(),
            [](const std::string& a, const std::string& b) {
              return std::make_pair(BaseName(a), absl::string_view(a)) <
                     std::make_pair(BaseName(b), absl::string_view(b));
            });
  for (const std::string& archive : archives) {
    GANTRY_RETURN_IF_ERROR(
        Annotate(AddArchive(options, archive, spool, tree), BaseName(archive)));
  }
  GANTRY_RETURN_IF_ERROR(tree.AddSonameLinks());
  return tree.Write(options.output);
}

}  // namespace gantry::userland
