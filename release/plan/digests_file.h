#ifndef GANTRY_RELEASE_PLAN_DIGESTS_FILE_H_
#define GANTRY_RELEASE_PLAN_DIGESTS_FILE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace gantry::plan {

// Finds the SHA-512 of `file_name`, as "sha512:<hex>", in the text of a
// .DIGESTS file of CoreOS or Flatcar: sections such as "# SHA512 HASH", each
// followed by lines "<hex>  <file name>".  NOT_FOUND: no line for the file in
// that section. DATA_LOSS: not a SHA-512.
absl::StatusOr<std::string> FindSha512(absl::string_view digests_file,
                                       absl::string_view file_name);

}  // namespace gantry::plan

#endif  // GANTRY_RELEASE_PLAN_DIGESTS_FILE_H_
