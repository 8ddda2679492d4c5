#include "release/cli/query.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/cell_state_name.h"
#include "base/host_identity.h"
#include "base/json.h"
#include "base/state_dir.h"
#include "base/status_macros.h"
#include "proto/cell.pb.h"
#include "proto/release_service.pb.h"
#include "release/cli/cell_text.h"
#include "release/cli/gpu.h"
#include "release/service/client/release_client.h"
#include "release/service/connection/connection.h"

namespace gantry::cli {
namespace {

using ::gantry::release::v1::Cell;

absl::StatusOr<service::Connection> Connect(const QueryOptions& options) {
  if (!options.service.empty()) {
    return service::Connection::ToService(options.service);
  }
  GANTRY_ASSIGN_OR_RETURN(const StateDir state,
                          StateDir::Open(options.state_dir));
  return service::Connection::ToReadOnlyDatabase(state.database_path());
}

absl::StatusOr<release::v1::ListCellsRequest> MakeFilter(
    const QueryOptions& options) {
  release::v1::ListCellsRequest filter;
  filter.set_channel(options.channel);
  filter.set_os_release(options.os_release);
  filter.set_driver_version(options.driver_version);
  filter.set_cuda_version(options.cuda_version);
  for (const std::string& name : options.cell_states) {
    GANTRY_ASSIGN_OR_RETURN(const release::v1::CellState state,
                            ParseCellStateName(name));
    filter.add_states(state);
  }
  return filter;
}

absl::StatusOr<bool> List(const QueryOptions& options,
                          service::ReleaseClient& client, std::ostream& out) {
  GANTRY_ASSIGN_OR_RETURN(const release::v1::ListCellsRequest filter,
                          MakeFilter(options));
  GANTRY_ASSIGN_OR_RETURN(std::vector<Cell> cells, client.ListCells(filter));
  if (!options.json) {
    out << FormatCells(cells);
    return true;
  }
  release::v1::ListCellsResponse response;
  for (Cell& cell : cells) *response.add_cells() = std::move(cell);
  GANTRY_ASSIGN_OR_RETURN(const std::string json, FormatJson(response));
  out << json;
  return true;
}

absl::StatusOr<bool> Get(const QueryOptions& options,
                         service::ReleaseClient& client, std::ostream& out) {
  absl::StatusOr<Cell> cell = client.GetCell(options.command[1]);
  if (absl::IsNotFound(cell.status())) {
    out << (options.json ? "null" : cell.status().message()) << "\n";
    return false;
  }
  GANTRY_RETURN_IF_ERROR(cell.status());
  if (!options.json) {
    out << FormatCell(*cell);
    return true;
  }
  GANTRY_ASSIGN_OR_RETURN(const std::string json, FormatJson(*cell));
  out << json;
  return true;
}

absl::StatusOr<HostIdentity> IdentifyHost(const QueryOptions& options) {
  absl::StatusOr<HostIdentity> identity =
      ReadHostIdentity(options.rootfs, options.kernel_release);
  if (identity.ok()) return identity;
  return absl::Status(
      identity.status().code(),
      absl::StrCat(identity.status().message(), "; set --os_release"));
}

absl::StatusOr<release::v1::ResolveRequest> MakeResolveRequest(
    const QueryOptions& options) {
  HostIdentity identity{options.os_release, options.kernel_release};
  std::string gpu_device_id = options.gpu_device_id;
  // Without --os_release the node is this host.
  if (options.os_release.empty()) {
    GANTRY_ASSIGN_OR_RETURN(identity, IdentifyHost(options));
    if (gpu_device_id.empty()) gpu_device_id = OldestNvidiaGpu(options.rootfs);
  }
  release::v1::ResolveRequest request;
  request.set_os_release(identity.os_release);
  request.set_kernel_release(identity.kernel_release);
  request.set_gpu_device_id(gpu_device_id);
  request.set_driver_version(options.driver_version);
  request.set_cuda_version(options.cuda_version);
  return request;
}

absl::StatusOr<bool> Resolve(const QueryOptions& options,
                             service::ReleaseClient& client,
                             std::ostream& out) {
  GANTRY_ASSIGN_OR_RETURN(const release::v1::ResolveRequest request,
                          MakeResolveRequest(options));
  GANTRY_ASSIGN_OR_RETURN(const release::v1::ResolveResponse response,
                          client.Resolve(request));
  if (options.json) {
    GANTRY_ASSIGN_OR_RETURN(const std::string json, FormatJson(response));
    out << json;
  } else if (response.has_cell()) {
    out << FormatCell(response.cell());
  } else {
    out << "no payload: " << response.no_payload().reason() << "\n";
  }
  return response.has_cell();
}

}  // namespace

absl::StatusOr<bool> Query(const QueryOptions& options, std::ostream& out) {
  const std::string command = absl::StrJoin(options.command, " ");
  const bool list = command == "list";
  const bool resolve = command == "resolve";
  const bool get = options.command.size() == 2 && options.command[0] == "get";
  if (!list && !resolve && !get) {
    return absl::InvalidArgumentError(
        absl::StrCat("unknown command \"", command,
                     "\"; expected one of list, get ID, resolve"));
  }
  GANTRY_ASSIGN_OR_RETURN(const service::Connection connection,
                          Connect(options));
  if (list) return List(options, connection.client(), out);
  if (resolve) return Resolve(options, connection.client(), out);
  return Get(options, connection.client(), out);
}

}  // namespace gantry::cli
