#ifndef GANTRY_RELEASE_JOB_CELL_OUTPUTS_H_
#define GANTRY_RELEASE_JOB_CELL_OUTPUTS_H_

#include <string>

#include "absl/status/statusor.h"
#include "proto/image_descriptor.pb.h"
#include "proto/proof.pb.h"
#include "release/job/build_events.h"

namespace gantry::job {

// What the build left of one cell.
struct CellOutputs {
  payload::v1::ImageDescriptor image;
  proof::v1::Proof proof;
};

// Reads the descriptor of the image (`*.image.textproto`) and the proof
// (`*.proof.textproto`) among the outputs of a cell's target.
// FAILED_PRECONDITION: the proof does not accept the modules, or is of another
// kernel than the image.  INTERNAL: an output is missing.
absl::StatusOr<CellOutputs> ReadCellOutputs(const BuiltTarget& target);

}  // namespace gantry::job

#endif  // GANTRY_RELEASE_JOB_CELL_OUTPUTS_H_
