#ifndef GANTRY_BUILDER_MODULES_MODULES_TAR_H_
#define GANTRY_BUILDER_MODULES_MODULES_TAR_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"

namespace gantry::modules {

// Makes an uncompressed tar of regular files, sorted by name, as TarWriter
// writes it: owned by root, mode 0644, time 0.
absl::StatusOr<std::string> MakeTar(
    const std::map<std::string, std::string>& content_by_name);

}  // namespace gantry::modules

#endif  // GANTRY_BUILDER_MODULES_MODULES_TAR_H_
