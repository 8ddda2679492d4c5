#ifndef GANTRY_BUILDER_USERLAND_FILE_TREE_H_
#define GANTRY_BUILDER_USERLAND_FILE_TREE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "builder/userland/layout.h"

namespace gantry::userland {

struct FileTreeOptions {
  // Debian packages (deb(5)) and NVIDIA's redist archives; their order does
  // not matter.
  std::vector<std::string> archives;

  TreeLayout layout = TreeLayout::kCuda;

  enum class StaticArchives { kLeaveOut, kKeep };
  // *.a files.
  StaticArchives static_archives = StaticArchives::kLeaveOut;

  // Path of the tar.  Removed if anything fails.  Its folder also holds the
  // contents meanwhile.
  std::string output;
};

// Lays the files of the archives out as NVIDIA does (see layout.h) and writes
// them as one uncompressed tar: the same bytes for the same archives.
//
// Links are made relative; one that leads to nothing in the tree, such as into
// Debian's /etc/alternatives, is left out.  Set-id bits are dropped.  Every
// archive is read once.
//
// Errors name the archive.  DATA_LOSS: it is damaged.  INVALID_ARGUMENT: it is
// no such archive, or has an unsafe path, a file without a place, or an entry
// that is neither file nor folder nor link.  FAILED_PRECONDITION: two archives
// have different files for one path.
absl::Status WriteFileTree(const FileTreeOptions& options);

}  // namespace gantry::userland

#endif  // GANTRY_BUILDER_USERLAND_FILE_TREE_H_
