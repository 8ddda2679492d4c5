#ifndef GANTRY_RELEASE_SERVICE_CONNECTION_CONNECTION_H_
#define GANTRY_RELEASE_SERVICE_CONNECTION_CONNECTION_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "release/service/client/client_credentials.h"
#include "release/service/client/release_client.h"
#include "release/service/server/release_server.h"

namespace gantry::service {

// A client of a release service, which is either remote or in-process.
class Connection {
 public:
  // Connects to the service at "HOST:PORT".  Errors: ReleaseClient::Connect().
  static absl::StatusOr<Connection> ToService(
      const std::string& address, const ClientCredentials& credentials = {});

  // Serves the database in this process, on no port, until this object is
  // destroyed.  Errors: ReleaseServer::Start().
  static absl::StatusOr<Connection> ToDatabase(const std::string& path);

  // As ToDatabase, but refuses calls that would change the database; another
  // process may write to it meanwhile.  NOT_FOUND: there is no database.
  static absl::StatusOr<Connection> ToReadOnlyDatabase(const std::string& path);

  ReleaseClient& client() const { return *client_; }

 private:
  static absl::StatusOr<Connection> Embed(const ReleaseServerOptions& options);

  Connection(std::unique_ptr<ReleaseServer> server,
             std::unique_ptr<ReleaseClient> client)
      : server_(std::move(server)), client_(std::move(client)) {}

  // Null if the service is remote.  Outlives the client.
  std::unique_ptr<ReleaseServer> server_;
  std::unique_ptr<ReleaseClient> client_;
};

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_CONNECTION_CONNECTION_H_
