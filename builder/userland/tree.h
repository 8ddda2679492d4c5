#ifndef GANTRY_BUILDER_USERLAND_TREE_H_
#define GANTRY_BUILDER_USERLAND_TREE_H_

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/tar_header.h"
#include "builder/userland/spool.h"

namespace gantry::userland {

// A tree that is merged from several archives.  Not thread-safe.
class Tree {
 public:
  // `spool` must outlive this object.
  explicit Tree(const Spool& spool) : spool_(spool) {}

  // Adds a regular file.  `origin` is its archive, for errors.  Of two files
  // with one path, the one with the higher rank is kept. FAILED_PRECONDITION:
  // they have equal rank and different content.
  absl::Status AddFile(const std::string& path, const std::string& origin,
                       int rank, bool is_program, Spool::Extent content);

  // Adds a symbolic link to the path `target` of the tree.  A link whose target
  // is never added is left out, and so is one to a file that its own path has a
  // copy of.
  void AddLink(const std::string& path, const std::string& origin,
               const std::string& target);

  // The content of a file that was added, for hard links.
  // NOT_FOUND: no such file.
  absl::StatusOr<Spool::Extent> Content(const std::string& path) const;

  // Adds a link with its SONAME for every shared library in lib64 and
  // nvvm/lib64, as ldconfig(8) does: an installed tree then needs only a line
  // in ld.so.conf. FAILED_PRECONDITION: two libraries have the same SONAME, or
  // as of Write().
  absl::Status AddSonameLinks();

  // Writes an uncompressed tar, sorted by path, with all directories.  Modes
  // are 0755 for directories and programs and 0644 for other files.  Removed on
  // failure.
  // FAILED_PRECONDITION: a path is two of a file, a directory and a link, or
  // two archives have links with one path that refer to different files.
  absl::Status Write(const std::string& output) const;

 private:
  struct File {
    std::string origin;
    int rank = 0;
    bool is_program = false;
    Spool::Extent content;
  };

  // Target -> archive that has the link.
  using LinkTargets = std::map<std::string, std::string>;

  bool Has(const std::string& path) const;
  bool HasDirectory(const std::string& path) const;
  // The file or directory that each link finally leads to.  Links that lead to
  // neither are left out.
  std::map<std::string, std::string> LinkEnds() const;
  // A link whose path is that of a file or directory must lead to it, or to a
  // file with the same content.
  absl::Status CheckLinkIsEntry(const std::string& path, const std::string& end,
                                absl::string_view origin) const;
  // The target of each link whose path is free and which leads to a file or a
  // directory.
  absl::StatusOr<std::map<std::string, std::string>> ResolvedLinks() const;
  // All entries of the tar, including directories.
  absl::StatusOr<std::map<std::string, TarEntry>> Entries() const;

  const Spool& spool_;
  // By path.
  std::map<std::string, File> files_;
  // By path.
  std::map<std::string, LinkTargets> links_;
};

}  // namespace gantry::userland

#endif  // GANTRY_BUILDER_USERLAND_TREE_H_
