#include "release/plan/matrix_digest.h"

#include <filesystem>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "base/textproto.h"
#include "proto/matrix.pb.h"

namespace gantry::plan {

absl::StatusOr<std::string> MatrixDigest(const std::string& matrix_path) {
  GANTRY_ASSIGN_OR_RETURN(const std::string text, ReadFile(matrix_path));
  matrix::v1::Matrix matrix;
  GANTRY_RETURN_IF_ERROR(ParseTextProto(text, matrix_path, matrix));

  std::vector<std::string> files;
  for (const auto& os : matrix.operating_systems()) {
    if (!os.keyring().empty()) files.push_back(os.keyring());
  }
  for (const auto& driver : matrix.drivers()) {
    for (const auto& patch : driver.patches()) files.push_back(patch.file());
  }
  // Unambiguous, because all digests have the same length.
  std::string digests = Sha256Digest(text);
  for (const std::string& file : files) {
    GANTRY_ASSIGN_OR_RETURN(
        const std::string digest,
        FileSha256Digest(ResolveMatrixPath(matrix_path, file)));
    absl::StrAppend(&digests, digest);
  }
  return Sha256Digest(digests);
}

std::string ResolveMatrixPath(const std::string& matrix_path,
                              const std::string& file) {
  return (std::filesystem::path(matrix_path).parent_path() / file)
      .lexically_normal();
}

}  // namespace gantry::plan
