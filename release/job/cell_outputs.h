#ifndef GANTRY_RELEASE_JOB_CELL_OUTPUTS_H_
#define GANTRY_RELEASE_JOB_CELL_OUTPUTS_H_

#include "absl/status/statusor.h"
#include "proto/image_descriptor.pb.h"
#include "proto/proof.pb.h"
#include "release/job/build_events.h"

namespace gantry::job {

// Output groups of a cell's target (payload_cell), each with one file in the
// text format.
inline constexpr char kImageOutputGroup[] = "image";
inline constexpr char kProofOutputGroup[] = "proof";

// What a publisher needs of a cell.
struct CellOutputs {
  payload::v1::ImageDescriptor image;
  proof::v1::Proof proof;
};

// Reads the outputs of a cell's target.
// FAILED_PRECONDITION: the proof does not accept the modules, or is for another
// kernel than the image.  INTERNAL: an output is missing.
absl::StatusOr<CellOutputs> ReadCellOutputs(const BuiltTarget& target);

}  // namespace gantry::job

#endif  // GANTRY_RELEASE_JOB_CELL_OUTPUTS_H_
