#ifndef GANTRY_BUILDER_USERLAND_LAYOUT_H_
#define GANTRY_BUILDER_USERLAND_LAYOUT_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace gantry::userland {

// What a tree looks like.
enum class TreeLayout {
  // NVIDIA's toolkit: bin include lib64 nvvm compute-sanitizer.
  kCuda,
  // A driver's user space: bin lib64 lib/firmware/nvidia/<version>.
  kDriver,
};

// "cuda" or "driver"; INVALID_ARGUMENT otherwise.
absl::StatusOr<TreeLayout> ParseTreeLayout(absl::string_view name);

// Where a file of an archive belongs.
struct Place {
  // In the tree; "" leaves the file out.
  std::string path;
  // Of two files for one path, the one with the higher rank is taken.  Debian
  // has scripts in usr/bin that call the program of the same name below
  // usr/lib; the tree has the program.
  int rank = 0;
};

// Place for a clean path of a Debian package.
//
// Left out are: documentation but for licences, manual pages, settings (etc),
// services, pkg-config and CMake files (they name Debian's folders), and in
// Debian's toolkit nvcc.profile and wrappers of the host compiler.
//
// INVALID_ARGUMENT: no rule covers the path.
absl::StatusOr<Place> PlaceOfDebianPath(TreeLayout layout,
                                        absl::string_view path);

// Place for a clean path of an NVIDIA redist archive, which has one top folder
// "<component>-linux-<architecture>-<version>-archive".
//
// For kCuda all is taken as it is but for `lib`, which becomes lib64, the
// licence, which goes to share/doc/<component>, and pkg-config files, which are
// left out.  For kDriver only libraries, programs, firmware and the licence are
// taken.
//
// INVALID_ARGUMENT: the top folder is not named so.
absl::StatusOr<Place> PlaceOfRedistPath(TreeLayout layout,
                                        absl::string_view path);

}  // namespace gantry::userland

#endif  // GANTRY_BUILDER_USERLAND_LAYOUT_H_
