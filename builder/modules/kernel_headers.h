#ifndef GANTRY_BUILDER_MODULES_KERNEL_HEADERS_H_
#define GANTRY_BUILDER_MODULES_KERNEL_HEADERS_H_

#include <map>
#include <set>
#include <string>

#include "absl/status/statusor.h"

namespace gantry::modules {

// Reads headers of the kernel whose build tree is at `build_path` in a
// developer container, from the container's root tar.  Returns the contents of
// those that the kernel has; see ReadKernelHeader().
//
// Unpacks directories, links and these headers to a directory in `scratch`, a
// small part of what UnpackRoot() does.  NOT_FOUND: there is no build tree.
// Other errors are those of ExtractArchive().
absl::StatusOr<std::map<std::string, std::string>> ReadKernelHeaders(
    const std::string& root_tar, const std::string& build_path,
    const std::set<std::string>& headers, const std::string& scratch);

}  // namespace gantry::modules

#endif  // GANTRY_BUILDER_MODULES_KERNEL_HEADERS_H_
