#include "release/service/connection/connection.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace gantry::service {

absl::StatusOr<Connection> Connection::ToService(
    const std::string& address, const ClientCredentials& credentials) {
  GANTRY_ASSIGN_OR_RETURN(std::unique_ptr<ReleaseClient> client,
                          ReleaseClient::Connect(address, credentials));
  return Connection(nullptr, std::move(client));
}

absl::StatusOr<Connection> Connection::ToDatabase(const std::string& path) {
  ReleaseServerOptions options;
  options.database_path = path;
  return Embed(options);
}

absl::StatusOr<Connection> Connection::ToReadOnlyDatabase(
    const std::string& path) {
  ReleaseServerOptions options;
  options.database_path = path;
  options.read_only = true;
  absl::StatusOr<Connection> connection = Embed(options);
  if (absl::IsNotFound(connection.status())) {
    return absl::NotFoundError(
        absl::StrCat(connection.status().message(),
                     "; run //release:matrix first, or pass --service or "
                     "--state"));
  }
  return connection;
}

absl::StatusOr<Connection> Connection::Embed(
    const ReleaseServerOptions& options) {
  GANTRY_ASSIGN_OR_RETURN(std::unique_ptr<ReleaseServer> server,
                          ReleaseServer::Start(options));
  auto client = std::make_unique<ReleaseClient>(server->InProcessChannel(),
                                                options.database_path);
  return Connection(std::move(server), std::move(client));
}

}  // namespace gantry::service
