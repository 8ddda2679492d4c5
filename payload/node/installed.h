#ifndef GANTRY_PAYLOAD_NODE_INSTALLED_H_
#define GANTRY_PAYLOAD_NODE_INSTALLED_H_

#include "absl/status/status.h"
#include "payload/node/folder.h"
#include "payload/node/layout.h"

namespace gantry::node {

enum class CheckDepth {
  // Type, permissions, size and link target of every entry.
  kMetadata,
  // And the digest of every file.
  kContent,
};

// Whether `folder` is what Stage makes of `target`: DATA_LOSS says what is the
// first to differ.  Files that the target does not have are not looked for.
absl::Status CheckInstalled(const Folder& folder, const InstallTarget& target,
                            CheckDepth depth);

}  // namespace gantry::node

#endif  // GANTRY_PAYLOAD_NODE_INSTALLED_H_
