#ifndef GANTRY_RELEASE_PLAN_DIGESTS_FILE_H_
#define GANTRY_RELEASE_PLAN_DIGESTS_FILE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace gantry::plan {

// "sha512:<hex>" of `file_name` from the text of a .DIGESTS file, as CoreOS and
// Flatcar publish them: sections such as "# SHA512 HASH", each followed by
// lines "<hex>  <file name>".  NOT_FOUND: no such line in that section.
// DATA_LOSS: it is no SHA-512.
absl::StatusOr<std::string> FindSha512(absl::string_view digests_file,
                                       absl::string_view file_name);

}  // namespace gantry::plan

#endif  // GANTRY_RELEASE_PLAN_DIGESTS_FILE_H_
