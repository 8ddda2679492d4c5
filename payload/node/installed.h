#ifndef GANTRY_PAYLOAD_NODE_INSTALLED_H_
#define GANTRY_PAYLOAD_NODE_INSTALLED_H_

#include "absl/status/status.h"
#include "payload/node/directory.h"
#include "payload/node/install_target.h"

namespace gantry::node {

enum class CheckDepth {
  // Types, permissions, sizes and link targets.
  kMetadata,
  // The digests of all files, too.
  kContent,
};

// Checks that `directory` is what Stage() makes of `target`.  DATA_LOSS
// describes the first difference.  Additional files are not a difference.
absl::Status CheckInstalled(const Directory& directory,
                            const InstallTarget& target, CheckDepth depth);

}  // namespace gantry::node

#endif  // GANTRY_PAYLOAD_NODE_INSTALLED_H_
