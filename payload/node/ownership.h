#ifndef GANTRY_PAYLOAD_NODE_OWNERSHIP_H_
#define GANTRY_PAYLOAD_NODE_OWNERSHIP_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "payload/node/folder.h"

namespace gantry::node {

// The installer replaces only what an installer of payloads, of this version or
// an earlier one, has put there.  This is how it knows:
//
//   a directory of /opt/cuda or /opt/nvidia   holds the file kReceipt
//   `current` beside it                       is a relative link to such a
//                                             directory, or to nothing
//   kLdConfName                               starts with our first line
//   a name that starts with ".gantry"         is reserved for us
//
// Each function returns why the thing is somebody else's, to follow "it ":
// "has no .gantry-receipt".  Empty: it is ours, or does not exist.

// Of the directory `path` below `base`.
absl::StatusOr<std::string> ForeignDirectoryReason(const Folder& base,
                                                   absl::string_view path);

// Of `current` in `base`.
absl::StatusOr<std::string> ForeignCurrentReason(const Folder& base);

// Of our file in `ld_conf_directory`.
absl::StatusOr<std::string> ForeignLdConfReason(
    const Folder& ld_conf_directory);

}  // namespace gantry::node

#endif  // GANTRY_PAYLOAD_NODE_OWNERSHIP_H_
