#ifndef GANTRY_PAYLOAD_NODE_STAGE_H_
#define GANTRY_PAYLOAD_NODE_STAGE_H_

#include "absl/status/status.h"
#include "payload/node/copy_progress.h"
#include "payload/node/folder.h"
#include "payload/node/layout.h"

namespace gantry::node {

// Copies the target's entries from the image into the empty folder `staging`,
// each byte read once: its file's digest is computed on the way.  The receipt
// comes last.  Nothing is durable yet.
//
// Errors with ExitCode::kDamagedPayload name the file in the image: it is
// missing, or its content is not what the manifest says (both digests given).
absl::Status Stage(const Folder& image, const InstallTarget& target,
                   const Folder& staging, CopyProgress& progress);

}  // namespace gantry::node

#endif  // GANTRY_PAYLOAD_NODE_STAGE_H_
