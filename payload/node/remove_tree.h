#ifndef GANTRY_PAYLOAD_NODE_REMOVE_TREE_H_
#define GANTRY_PAYLOAD_NODE_REMOVE_TREE_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "payload/node/directory.h"

namespace gantry::node {

// Fails if something is mounted on the directory `path` in `parent`, or
// anywhere below it: FAILED_PRECONDITION with ExitCode::kMounted names the
// mount point.  OK if there is no such directory.
absl::Status CheckNothingMounted(const Directory& parent,
                                 absl::string_view path);

// Removes the file, link or directory `name` in `parent`, with everything below
// it.  OK if it does not exist.
//
// Removes nothing through a mount: fails like CheckNothingMounted() before it
// removes anything, and stops with the same error at a directory that something
// was mounted on in the meantime.
absl::Status RemoveTree(const Directory& parent, absl::string_view name);

}  // namespace gantry::node

#endif  // GANTRY_PAYLOAD_NODE_REMOVE_TREE_H_
