#include "release/cli/query.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "base/cell_state_name.h"
#include "base/cells_in_demand.h"
#include "base/failure_groups.h"
#include "base/host_identity.h"
#include "base/json.h"
#include "base/state_dir.h"
#include "base/status_macros.h"
#include "google/protobuf/struct.pb.h"
#include "proto/cell.pb.h"
#include "proto/release_service.pb.h"
#include "release/cli/cell_log.h"
#include "release/cli/cell_text.h"
#include "release/cli/demand.h"
#include "release/cli/failures.h"
#include "release/cli/host_gpu.h"
#include "release/service/client/release_client.h"
#include "release/service/connection/connection.h"

namespace gantry::cli {
namespace {

using ::gantry::release::v1::Cell;

absl::StatusOr<service::Connection> Connect(const QueryOptions& options,
                                            bool writable) {
  if (!options.service.empty()) {
    return service::Connection::ToService(options.service, options.credentials);
  }
  GANTRY_ASSIGN_OR_RETURN(const StateDir state,
                          StateDir::Open(options.state_dir));
  absl::StatusOr<service::Connection> reader =
      service::Connection::ToReadOnlyDatabase(state.database_path());
  // A missing database is not created.
  if (!writable || absl::IsNotFound(reader.status())) return reader;
  return service::Connection::ToDatabase(state.database_path());
}

// Prints a record with `format`, or as JSON.
template <typename Record>
absl::StatusOr<bool> Print(const QueryOptions& options, const Record& record,
                           std::string (*format)(const Record&),
                           std::ostream& out) {
  if (!options.json) {
    out << format(record);
    return true;
  }
  GANTRY_ASSIGN_OR_RETURN(const std::string json, FormatJson(record));
  out << json;
  return true;
}

// Prints the record of a cell, or that there is no such cell.
template <typename Record>
absl::StatusOr<bool> PrintFound(const QueryOptions& options,
                                const absl::StatusOr<Record>& record,
                                std::string (*format)(const Record&),
                                std::ostream& out) {
  if (absl::IsNotFound(record.status())) {
    out << (options.json ? "null" : record.status().message()) << "\n";
    return false;
  }
  GANTRY_RETURN_IF_ERROR(record.status());
  return Print(options, *record, format, out);
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

// Prints cells with `format`, or as JSON.
absl::StatusOr<bool> PrintCells(const QueryOptions& options,
                                std::vector<Cell> cells,
                                std::string (*format)(const std::vector<Cell>&),
                                std::ostream& out) {
  if (!options.json) {
    out << format(cells);
    return true;
  }
  release::v1::ListCellsResponse response;
  for (Cell& cell : cells) *response.add_cells() = std::move(cell);
  GANTRY_ASSIGN_OR_RETURN(const std::string json, FormatJson(response));
  out << json;
  return true;
}

absl::StatusOr<bool> List(const QueryOptions& options,
                          service::ReleaseClient& client, std::ostream& out) {
  GANTRY_ASSIGN_OR_RETURN(const release::v1::ListCellsRequest filter,
                          MakeFilter(options));
  GANTRY_ASSIGN_OR_RETURN(std::vector<Cell> cells, client.ListCells(filter));
  return PrintCells(options, std::move(cells), FormatCells, out);
}

absl::StatusOr<bool> Demand(const QueryOptions& options,
                            service::ReleaseClient& client, std::ostream& out) {
  GANTRY_ASSIGN_OR_RETURN(const release::v1::ListCellsRequest filter,
                          MakeFilter(options));
  GANTRY_ASSIGN_OR_RETURN(std::vector<Cell> cells, client.ListCells(filter));
  return PrintCells(options, CellsInDemand(std::move(cells)), FormatDemand,
                    out);
}

absl::StatusOr<bool> Get(const QueryOptions& options,
                         service::ReleaseClient& client, std::ostream& out) {
  return PrintFound(options, client.GetCell(options.command[1]), FormatCell,
                    out);
}

absl::StatusOr<bool> Revisions(const QueryOptions& options,
                               service::ReleaseClient& client,
                               std::ostream& out) {
  return PrintFound(options, client.ListRevisions(options.command[1]),
                    FormatRevisions, out);
}

absl::StatusOr<bool> Attempts(const QueryOptions& options,
                              service::ReleaseClient& client,
                              std::ostream& out) {
  return PrintFound(options, client.ListAttempts(options.command[1]),
                    FormatAttempts, out);
}

absl::StatusOr<bool> Retry(const QueryOptions& options,
                           service::ReleaseClient& client, std::ostream& out) {
  return PrintFound(options, client.RetryCell(options.command[1]), FormatCell,
                    out);
}

absl::StatusOr<bool> Failures(const QueryOptions& options,
                              service::ReleaseClient& client,
                              std::ostream& out) {
  GANTRY_ASSIGN_OR_RETURN(release::v1::ListCellsRequest filter,
                          MakeFilter(options));
  filter.clear_states();
  filter.add_states(release::v1::CELL_STATE_FAILED);
  filter.add_states(release::v1::CELL_STATE_BLOCKED);
  GANTRY_ASSIGN_OR_RETURN(const std::vector<Cell> cells,
                          client.ListCells(filter));
  const std::vector<FailureGroup> groups = GroupFailures(cells);
  if (!options.json) {
    out << FormatFailures(groups);
    return true;
  }
  GANTRY_ASSIGN_OR_RETURN(const std::string json, FailuresJson(groups));
  out << json;
  return true;
}

absl::StatusOr<bool> Log(const QueryOptions& options,
                         service::ReleaseClient& client, std::ostream& out) {
  const absl::StatusOr<CellLog> log =
      FindCellLog(client, options.command[1], options.attempt);
  if (absl::IsNotFound(log.status())) {
    out << (options.json ? "null" : log.status().message()) << "\n";
    return false;
  }
  GANTRY_RETURN_IF_ERROR(log.status());
  const absl::StatusOr<std::string>& content = log->content;
  if (!options.json) {
    out << (content.ok() ? *content
                         : absl::StrCat(content.status().message(), "\n"));
    return content.ok();
  }
  google::protobuf::Struct object;
  auto& fields = *object.mutable_fields();
  fields["log_uri"].set_string_value(log->uri);
  if (content.ok()) {
    fields["content"].set_string_value(*content);
  } else {
    fields["content"].set_null_value(google::protobuf::NULL_VALUE);
  }
  GANTRY_ASSIGN_OR_RETURN(const std::string json, FormatJson(object));
  out << json;
  return content.ok();
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

struct Command {
  absl::string_view name;
  // Whether the id of a cell follows the name.
  bool has_id;
  bool writes;
  absl::StatusOr<bool> (*run)(const QueryOptions& options,
                              service::ReleaseClient& client,
                              std::ostream& out);
};

constexpr Command kCommands[] = {
    {"list", false, false, List},        {"get", true, false, Get},
    {"resolve", false, false, Resolve},  {"revisions", true, false, Revisions},
    {"attempts", true, false, Attempts}, {"failures", false, false, Failures},
    {"demand", false, false, Demand},    {"retry", true, true, Retry},
    {"log", true, false, Log},
};

absl::StatusOr<const Command*> FindCommand(
    const std::vector<std::string>& words) {
  for (const Command& command : kCommands) {
    if (words.size() == (command.has_id ? 2 : 1) && words[0] == command.name) {
      return &command;
    }
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "unknown command \"", absl::StrJoin(words, " "), "\"; expected one of ",
      absl::StrJoin(
          kCommands, ", ", [](std::string* out, const Command& command) {
            absl::StrAppend(out, command.name, command.has_id ? " ID" : "");
          })));
}

}  // namespace

absl::StatusOr<bool> Query(const QueryOptions& options, std::ostream& out) {
  GANTRY_ASSIGN_OR_RETURN(const Command* command, FindCommand(options.command));
  GANTRY_ASSIGN_OR_RETURN(const service::Connection connection,
                          Connect(options, command->writes));
  return command->run(options, connection.client(), out);
}

}  // namespace gantry::cli
