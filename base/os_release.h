#ifndef GANTRY_BASE_OS_RELEASE_H_
#define GANTRY_BASE_OS_RELEASE_H_

#include <map>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace gantry {

// Parses "KEY=value" lines as os-release(5) defines them: comments, blank
// lines, and values that may be quoted as in a shell.  CoreOS's and Flatcar's
// version.txt has the same form.  INVALID_ARGUMENT names the line.
absl::StatusOr<std::map<std::string, std::string>> ParseKeyValues(
    absl::string_view text);

// The fields of os-release(5) that identify a release.  A field that the file
// does not set is empty.
struct OsRelease {
  std::string id;
  std::string version_id;
};

// Returns the content of the file that an absolute path names in a root file
// system, with symbolic links resolved inside it.  NOT_FOUND: no such file.
using ReadFileInRoot =
    absl::FunctionRef<absl::StatusOr<std::string>(const std::string& path)>;

// Reads os-release from a root file system: /etc/os-release or, only if that
// does not exist, /usr/lib/os-release.
//
// NOT_FOUND: neither exists.  INVALID_ARGUMENT: malformed; the message has the
// path and the line.  Any other error is that of `read_file`.
absl::StatusOr<OsRelease> ReadOsRelease(ReadFileInRoot read_file);

}  // namespace gantry

#endif  // GANTRY_BASE_OS_RELEASE_H_
