#ifndef GANTRY_BUILDER_MODULES_KERNEL_TREE_H_
#define GANTRY_BUILDER_MODULES_KERNEL_TREE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace gantry::modules {

// Where a kernel's build tree is: absolute paths inside a container.  Debian
// separates the kernel's sources (headers, makefiles) from the files that its
// build generated; elsewhere both are in one directory, and the paths are
// equal.
struct KernelPaths {
  std::string source;
  std::string build;
};

// A kernel's build tree inside a container.
struct KernelTree {
  KernelPaths paths;

  // For make's CROSS_COMPILE: "" if the compiler's name has no prefix.
  // Example: "x86_64-cros-linux-gnu-".
  std::string cross_compile;

  // CONFIG_PREEMPT_RT.
  bool preempt_rt = false;
};

// Finds the trees of the kernel whose build tree is at `build_path` of the
// container whose root file system is in the directory `root`.  NOT_FOUND:
// there is no such directory.
absl::StatusOr<KernelPaths> FindKernelPaths(const std::string& root,
                                            const std::string& build_path);

// Examines the build tree at `build_path` of the container whose root file
// system is in the directory `root`.  The compiler is the one that
// CONFIG_CC_VERSION_TEXT names, or the only one of that name with a
// cross-compiling prefix.  NOT_FOUND: the tree, its .config or the compiler is
// missing.
absl::StatusOr<KernelTree> ReadKernelTree(const std::string& root,
                                          const std::string& build_path);

// Reads a header from the kernel's source tree or, if it is generated, from its
// build tree.  Example: "include/linux/pci.h".  NOT_FOUND: neither has it.
absl::StatusOr<std::string> ReadKernelHeader(const std::string& root,
                                             const KernelPaths& paths,
                                             absl::string_view header);

}  // namespace gantry::modules

#endif  // GANTRY_BUILDER_MODULES_KERNEL_TREE_H_
