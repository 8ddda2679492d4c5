#include "release/job/cell_outputs.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "base/textproto.h"

namespace gantry::job {
namespace {

absl::StatusOr<std::string> OutputWithSuffix(const BuiltTarget& target,
                                             absl::string_view suffix) {
  for (const std::string& path : target.outputs) {
    if (absl::EndsWith(path, suffix)) return path;
  }
  return absl::InternalError(
      absl::StrCat("the cell's target has no output *", suffix));
}

}  // namespace

absl::StatusOr<CellOutputs> ReadCellOutputs(const BuiltTarget& target) {
  CellOutputs outputs;
  GANTRY_ASSIGN_OR_RETURN(const std::string image,
                          OutputWithSuffix(target, ".image.textproto"));
  GANTRY_RETURN_IF_ERROR(ReadTextProto(image, outputs.image));
  GANTRY_ASSIGN_OR_RETURN(const std::string proof,
                          OutputWithSuffix(target, ".proof.textproto"));
  GANTRY_RETURN_IF_ERROR(ReadTextProto(proof, outputs.proof));
  if (!outputs.proof.accepted()) {
    return absl::FailedPreconditionError(
        absl::StrCat(proof, ": not accepted: ", outputs.proof.reason()));
  }
  if (outputs.proof.kernel_release() !=
      outputs.image.coordinates().kernel_release()) {
    return absl::FailedPreconditionError(absl::StrCat(
        proof, ": is of kernel ", outputs.proof.kernel_release(),
        ", the image of ", outputs.image.coordinates().kernel_release()));
  }
  return outputs;
}

}  // namespace gantry::job
