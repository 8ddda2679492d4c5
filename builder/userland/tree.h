#ifndef GANTRY_BUILDER_USERLAND_TREE_H_
#define GANTRY_BUILDER_USERLAND_TREE_H_

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "builder/userland/spool.h"

namespace gantry::userland {

// A tree that is put together out of several archives.  Not thread-safe.
class Tree {
 public:
  // `spool` must outlive this.
  explicit Tree(const Spool& spool) : spool_(spool) {}

  // Adds a regular file.  `origin` names its archive; of two files for one
  // path, the one with the higher rank stays.
  // FAILED_PRECONDITION: the files have equal rank and different content.
  absl::Status AddFile(const std::string& path, const std::string& origin,
                       int rank, bool is_program, Spool::Extent content);

  // Adds a symlink that leads to the tree's path `target`, which may come
  // later, or never: then the link is left out.
  void AddLink(const std::string& path, const std::string& target);

  // Content of a file that was added; for hard links.
  // NOT_FOUND: there is none.
  absl::StatusOr<Spool::Extent> Content(const std::string& path) const;

  // Gives every shared library in lib64 and nvvm/lib64, where the dynamic
  // linker looks, a link with its SONAME, as ldconfig(8) does; so an installed
  // tree needs no more than a line in ld.so.conf.
  // FAILED_PRECONDITION: two libraries have the same SONAME.
  absl::Status AddSonameLinks();

  // Writes an uncompressed tar: entries by path, all their folders, modes 0755
  // for folders and programs and 0644 for other files.  Removed on failure.
  // FAILED_PRECONDITION: a path is a file's and a folder's at once.
  absl::Status Write(const std::string& output) const;

 private:
  struct File {
    std::string origin;
    int rank = 0;
    bool is_program = false;
    Spool::Extent content;
  };

  // The links that lead to a file or a folder in the end.
  std::map<std::string, std::string> LiveLinks() const;
  bool HasFolder(const std::string& path) const;

  const Spool& spool_;
  // By path.
  std::map<std::string, File> files_;
  // Path -> path that it leads to.  A file at the same path comes first.
  std::map<std::string, std::string> links_;
};

}  // namespace gantry::userland

#endif  // GANTRY_BUILDER_USERLAND_TREE_H_
