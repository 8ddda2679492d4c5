#ifndef GANTRY_RELEASE_PLAN_MATRIX_DIGEST_H_
#define GANTRY_RELEASE_PLAN_MATRIX_DIGEST_H_

#include <string>

#include "absl/status/statusor.h"

namespace gantry::plan {

// Digest ("sha256:<hex>") of a matrix and the files that it names (patches and
// keyrings): everything hand-written that a lock depends on.
// INVALID_ARGUMENT: the matrix is not a valid textproto; the message names the
// line.  NOT_FOUND, naming the file: a file does not exist.
absl::StatusOr<std::string> MatrixDigest(const std::string& matrix_path);

// The path of a file that the matrix names relative to itself.
std::string ResolveMatrixPath(const std::string& matrix_path,
                              const std::string& file);

}  // namespace gantry::plan

#endif  // GANTRY_RELEASE_PLAN_MATRIX_DIGEST_H_
