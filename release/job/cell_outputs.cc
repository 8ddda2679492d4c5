#include "release/job/cell_outputs.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "base/textproto.h"

namespace gantry::job {
namespace {

absl::StatusOr<std::string> FileOfGroup(const BuiltTarget& target,
                                        const std::string& group) {
  const auto found = target.output_groups.find(group);
  const size_t count =
      found == target.output_groups.end() ? 0 : found->second.size();
  if (count != 1) {
    return absl::InternalError(absl::StrCat("the cell's target has ", count,
                                            " files in output group \"", group,
                                            "\", expected one"));
  }
  return found->second[0];
}

}  // namespace

absl::StatusOr<CellOutputs> ReadCellOutputs(const BuiltTarget& target) {
  CellOutputs outputs;
  GANTRY_ASSIGN_OR_RETURN(const std::string image,
                          FileOfGroup(target, kImageOutputGroup));
  GANTRY_RETURN_IF_ERROR(ReadTextProto(image, outputs.image));
  GANTRY_ASSIGN_OR_RETURN(const std::string proof,
                          FileOfGroup(target, kProofOutputGroup));
  GANTRY_RETURN_IF_ERROR(ReadTextProto(proof, outputs.proof));
  if (!outputs.proof.accepted()) {
    return absl::FailedPreconditionError(
        absl::StrCat(proof, ": not accepted: ", outputs.proof.reason()));
  }
  if (outputs.proof.kernel_release() !=
      outputs.image.coordinates().kernel_release()) {
    return absl::FailedPreconditionError(
        absl::StrCat(proof, ": proof for kernel ",
                     outputs.proof.kernel_release(), ", but the image is for ",
                     outputs.image.coordinates().kernel_release()));
  }
  return outputs;
}

}  // namespace gantry::job
