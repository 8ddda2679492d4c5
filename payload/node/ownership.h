#ifndef GANTRY_PAYLOAD_NODE_OWNERSHIP_H_
#define GANTRY_PAYLOAD_NODE_OWNERSHIP_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "payload/node/directory.h"

namespace gantry::node {

// The installer replaces only what it, or an installer of another release, has
// put there ("ours"):
//
//   a directory below /opt/cuda or /opt/nvidia   contains the file kReceipt
//   `current` beside it                          is a relative link to such a
//                                                directory, or to nothing
//   kLdConfName                                  starts with our first line
//   a name that starts with ".gantry"            is reserved for us
//
// Each function returns the reason why something is not ours, to follow "it ":
// "has no .gantry-receipt".  Empty: it is ours, or does not exist.

// Of the directory `path` below `base`.
absl::StatusOr<std::string> ForeignDirectoryReason(const Directory& base,
                                                   absl::string_view path);

// Of `current` in `base`.
absl::StatusOr<std::string> ForeignCurrentReason(const Directory& base);

// Of kLdConfName in `ld_conf_directory`.
absl::StatusOr<std::string> ForeignLdConfReason(
    const Directory& ld_conf_directory);

}  // namespace gantry::node

#endif  // GANTRY_PAYLOAD_NODE_OWNERSHIP_H_
