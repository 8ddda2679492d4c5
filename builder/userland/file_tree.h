#ifndef GANTRY_BUILDER_USERLAND_FILE_TREE_H_
#define GANTRY_BUILDER_USERLAND_FILE_TREE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "builder/userland/tree_layout.h"

namespace gantry::userland {

struct FileTreeOptions {
  // Debian packages (deb(5)) and NVIDIA's redist archives, in any order.
  std::vector<std::string> archives;

  TreeLayout layout = TreeLayout::kCuda;

  enum class StaticArchives { kLeaveOut, kKeep };
  // Files *.a.
  StaticArchives static_archives = StaticArchives::kLeaveOut;

  // Path of the tar.  Removed on failure.  Its file system also holds a scratch
  // file with all contents.
  std::string output;
};

// Arranges the files of the archives in NVIDIA's layout (see layout.h) and
// writes them as one uncompressed tar: the same bytes for the same archives.
//
// Links are made relative; a link without a target in the tree, such as one to
// Debian's /etc/alternatives, is left out, and so is one to a file that its own
// path has a copy of.  Set-id bits are dropped.  Every archive is read once.
//
// Errors name the archive.  DATA_LOSS: it is damaged.  INVALID_ARGUMENT: it has
// another format, an unsafe path, a file that no layout rule covers, or an
// entry that is not a file, directory or link.  FAILED_PRECONDITION: two
// archives have different files or links with one path, or a file and a link.
absl::Status WriteFileTree(const FileTreeOptions& options);

}  // namespace gantry::userland

#endif  // GANTRY_BUILDER_USERLAND_FILE_TREE_H_
