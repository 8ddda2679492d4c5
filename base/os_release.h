#ifndef GANTRY_BASE_OS_RELEASE_H_
#define GANTRY_BASE_OS_RELEASE_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace gantry {

// Parses "KEY=value" lines as os-release(5) defines them: comments, blank
// lines, and values that may be quoted like in a shell.  CoreOS's and
// Flatcar's version.txt has the same form.  INVALID_ARGUMENT names the line.
absl::StatusOr<std::map<std::string, std::string>> ParseKeyValues(
    absl::string_view text);

}  // namespace gantry

#endif  // GANTRY_BASE_OS_RELEASE_H_
