#ifndef GANTRY_RELEASE_CLI_QUERY_H_
#define GANTRY_RELEASE_CLI_QUERY_H_

#include <ostream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace gantry::cli {

struct QueryOptions {
  // "list", "get ID" or "resolve".
  std::vector<std::string> command;

  // "HOST:PORT"; empty: read the database of the state folder.
  std::string service;
  // See StateDir::Open.
  std::string state_dir;

  // One JSON object instead of text.
  bool json = false;

  // list and resolve: see ListCellsRequest and ResolveRequest.
  std::string os_release;
  std::string driver_version;
  std::string cuda_version;

  // list.
  std::string channel;
  // Any of these: "planned", "building", "built", "failed", "excluded".
  std::vector<std::string> cell_states;

  // resolve.  Without `os_release` the host fills in what is empty.
  std::string kernel_release;
  std::string gpu_device_id;
  std::string rootfs = "/";
};

// True: found.  False: `get` knows no such cell, or `resolve` has no payload;
// `out` says why.  INVALID_ARGUMENT: an unknown command or cell state.
absl::StatusOr<bool> Query(const QueryOptions& options, std::ostream& out);

}  // namespace gantry::cli

#endif  // GANTRY_RELEASE_CLI_QUERY_H_
