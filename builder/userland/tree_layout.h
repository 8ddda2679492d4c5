#ifndef GANTRY_BUILDER_USERLAND_TREE_LAYOUT_H_
#define GANTRY_BUILDER_USERLAND_TREE_LAYOUT_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace gantry::userland {

// The layout of a tree.
enum class TreeLayout {
  // NVIDIA's toolkit: bin include lib64 nvvm compute-sanitizer.
  kCuda,
  // A driver's user space: bin lib64 lib/firmware/nvidia/<version>.
  kDriver,
};

// "cuda" or "driver"; INVALID_ARGUMENT otherwise.
absl::StatusOr<TreeLayout> ParseTreeLayout(absl::string_view name);

// Where a file of an archive goes.
struct Destination {
  // Path in the tree; "" if the file is left out.
  std::string path;
  // Of two files with one path, the one with the higher rank is used.  Debian
  // has scripts in usr/bin that call the program of the same name below
  // usr/lib; the tree has the program.
  int rank = 0;
};

// The destination of a clean path of a Debian package.
//
// Left out are documentation except licences, manual pages, configuration
// (etc), services, pkg-config and CMake files (which contain Debian's paths),
// and from Debian's toolkit nvcc.profile and wrappers of the host compiler.
//
// INVALID_ARGUMENT: no rule covers the path.
absl::StatusOr<Destination> DebianDestination(TreeLayout layout,
                                              absl::string_view path);

// The destination of a clean path of an NVIDIA redist archive, which has one
// top-level directory "<component>-linux-<architecture>-<version>-archive".
//
// For kCuda, `lib` becomes lib64, the licence moves to share/doc/<component>,
// pkg-config files are left out, and everything else keeps its path.  For
// kDriver, only libraries, programs, firmware and the licence are used.
//
// INVALID_ARGUMENT: the top-level directory has another name.
absl::StatusOr<Destination> RedistDestination(TreeLayout layout,
                                              absl::string_view path);

}  // namespace gantry::userland

#endif  // GANTRY_BUILDER_USERLAND_TREE_LAYOUT_H_
