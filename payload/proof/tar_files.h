#ifndef GANTRY_PAYLOAD_PROOF_TAR_FILES_H_
#define GANTRY_PAYLOAD_PROOF_TAR_FILES_H_

#include <map>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace gantry::proof {

// Returns the contents of the regular files in an uncompressed tar whose paths
// `is_selected` accepts, by path.  Paths have no leading "./".  The contents of
// other files are not read.
//
// Uses libarchive: the tar of a root file system contains sparse files, hard
// links and devices, which payload/image/tar_index.h refuses.
//
// INVALID_ARGUMENT, naming the tar: it is damaged, or a selected file is larger
// than 1 GiB, far more than any kernel module.
absl::StatusOr<std::map<std::string, std::string>> ReadTarFiles(
    const std::string& tar,
    absl::FunctionRef<bool(absl::string_view path)> is_selected);

// Decompresses xz, zstd or gzip.  Returns anything else unchanged.
// INVALID_ARGUMENT: the data is damaged, or decompresses to more than 1 GiB.
absl::StatusOr<std::string> Decompress(absl::string_view data);

}  // namespace gantry::proof

#endif  // GANTRY_PAYLOAD_PROOF_TAR_FILES_H_
