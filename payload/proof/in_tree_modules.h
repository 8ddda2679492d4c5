#ifndef GANTRY_PAYLOAD_PROOF_IN_TREE_MODULES_H_
#define GANTRY_PAYLOAD_PROOF_IN_TREE_MODULES_H_

#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "payload/proof/module_tar.h"

namespace gantry::proof {

// Finds in-tree modules of a kernel in the tar of a root file system, in
// [usr/]lib*/modules/<kernel_release>/, and the modules that they depend on
// according to their .modinfo.  `names` are kernel names ("i2c_core").
//
// Returns them decompressed (.ko, .ko.xz, .ko.zst, .ko.gz), in loading order.
// NOT_FOUND names a module that is missing, and the module that needs it.
absl::StatusOr<std::vector<NamedModule>> ReadInTreeModules(
    const std::string& root_tar, const std::string& kernel_release,
    const std::set<std::string>& names);

}  // namespace gantry::proof

#endif  // GANTRY_PAYLOAD_PROOF_IN_TREE_MODULES_H_
