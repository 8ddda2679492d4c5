#ifndef GANTRY_BUILDER_MODULES_KERNEL_TREE_H_
#define GANTRY_BUILDER_MODULES_KERNEL_TREE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace gantry::modules {

// A kernel's build tree inside a container.
struct KernelTree {
  // Paths inside the container, absolute.  Debian splits what the kernel's
  // sources give (headers, makefiles) from what its build made; elsewhere the
  // two are the same folder, and then the same path.
  std::string source_path;
  std::string build_path;

  // For make's CROSS_COMPILE: "" if the tree finds its compiler by itself.
  // Example: "x86_64-cros-linux-gnu-".
  std::string cross_compile;

  // CONFIG_PREEMPT_RT.
  bool preempt_rt = false;
};

// Reads what there is to know from the root file system in the folder `root`.
// The compiler is the one that CONFIG_CC_VERSION_TEXT names, or its only
// cross-compiling namesake.  NOT_FOUND: the tree, its .config or the compiler
// is missing.
absl::StatusOr<KernelTree> ReadKernelTree(const std::string& root,
                                          const std::string& build_path);

// The content of a header of the kernel's source tree, or of its build tree
// for generated ones.  Example: "include/linux/pci.h".  NOT_FOUND: neither has
// it.
absl::StatusOr<std::string> ReadKernelHeader(const std::string& root,
                                             const KernelTree& tree,
                                             absl::string_view header);

}  // namespace gantry::modules

#endif  // GANTRY_BUILDER_MODULES_KERNEL_TREE_H_
