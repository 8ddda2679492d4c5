#ifndef GANTRY_PAYLOAD_NODE_STAGE_H_
#define GANTRY_PAYLOAD_NODE_STAGE_H_

#include "absl/status/status.h"
#include "payload/node/copy_progress.h"
#include "payload/node/directory.h"
#include "payload/node/install_target.h"

namespace gantry::node {

// Copies the entries of `target` from the image into the empty directory
// `staging`, and writes the receipt last.  Reads each file once, and computes
// its digest from the same bytes.  Nothing is durable yet.
//
// Errors with ExitCode::kDamagedPayload name a file of the image that is
// missing, or that differs from the manifest, with both sizes and digests.
absl::Status Stage(const Directory& image, const InstallTarget& target,
                   const Directory& staging, CopyProgress& progress);

}  // namespace gantry::node

#endif  // GANTRY_PAYLOAD_NODE_STAGE_H_
