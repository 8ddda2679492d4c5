#ifndef GANTRY_RELEASE_CLI_QUERY_H_
#define GANTRY_RELEASE_CLI_QUERY_H_

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "release/service/client/client_credentials.h"

namespace gantry::cli {

struct QueryOptions {
  // "list", "get ID", "resolve", "revisions ID", "attempts ID", "failures",
  // "demand", "retry ID" or "log ID".
  std::vector<std::string> command;

  // "HOST:PORT".  Empty: an in-process service on the state directory's
  // database, which only "retry" changes.
  std::string service;
  // Of the client of that service.
  service::ClientCredentials credentials;
  // See StateDir::Open.
  std::string state_dir;

  // Print one JSON object instead of text.
  bool json = false;

  // For list, failures, demand and resolve; see ListCellsRequest and
  // ResolveRequest.
  std::string os_release;
  std::string driver_version;
  std::string cuda_version;

  // For list, failures and demand.
  std::string channel;
  // For list and demand.  Names of states, any of which matches; see
  // ParseCellStateName().
  std::vector<std::string> cell_states;

  // For log.  See FindCellLog().
  int64_t attempt = 0;

  // For resolve.  Without `os_release`, empty fields are read from the host
  // whose root file system is `rootfs`.
  std::string kernel_release;
  std::string gpu_device_id;
  std::string rootfs = "/";
};

// Runs the command and writes its result to `out`.  Returns false if there is
// no such cell or attempt, `resolve` finds no payload, or the log is neither in
// the service nor a file on this machine; `out` then has the reason.
// INVALID_ARGUMENT: an unknown command or cell state, or, with `json`, a record
// without a JSON form.  After an error nothing has been written.
absl::StatusOr<bool> Query(const QueryOptions& options, std::ostream& out);

}  // namespace gantry::cli

#endif  // GANTRY_RELEASE_CLI_QUERY_H_
