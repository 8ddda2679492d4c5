#ifndef GANTRY_RELEASE_PLAN_MATRIX_DIGEST_H_
#define GANTRY_RELEASE_PLAN_MATRIX_DIGEST_H_

#include <string>

#include "absl/status/statusor.h"

namespace gantry::plan {

// Digest of a matrix and of the files that it names (patches, keyrings): of all
// that people write and a lock is made from.  "sha256:<hex>".
// INVALID_ARGUMENT: the matrix, with the place.  NOT_FOUND names the file.
absl::StatusOr<std::string> MatrixDigest(const std::string& matrix_path);

// A file that the matrix names, relative to the matrix.
std::string BesideMatrix(const std::string& matrix_path,
                         const std::string& file);

}  // namespace gantry::plan

#endif  // GANTRY_RELEASE_PLAN_MATRIX_DIGEST_H_
