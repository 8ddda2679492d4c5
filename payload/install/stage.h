#ifndef GANTRY_PAYLOAD_INSTALL_STAGE_H_
#define GANTRY_PAYLOAD_INSTALL_STAGE_H_

#include "absl/status/status.h"
#include "payload/install/copy_progress.h"
#include "payload/install/folder.h"
#include "payload/install/layout.h"

namespace gantry {

// Copies the target's entries from the image into the empty folder `staging`,
// each byte read once: its file's digest is computed on the way.  The receipt
// comes last.  Nothing is durable yet.
//
// Errors with ExitCode::kDamagedPayload name the file in the image: it is
// missing, or its content is not what the manifest says (both digests given).
absl::Status Stage(const Folder& image, const InstallTarget& target,
                   const Folder& staging, CopyProgress& progress);

}  // namespace gantry

#endif  // GANTRY_PAYLOAD_INSTALL_STAGE_H_
