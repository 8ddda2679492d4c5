#ifndef GANTRY_RELEASE_SERVICE_SERVER_RELEASE_SERVER_H_
#define GANTRY_RELEASE_SERVICE_SERVER_RELEASE_SERVER_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "grpcpp/grpcpp.h"
#include "release/service/auth/authenticator.h"
#include "release/service/server/demand_recorder.h"
#include "release/service/server/release_service.h"
#include "release/service/store/cell_store.h"

namespace gantry::service {

// Files in PEM.  They are read again when they change; a pair of certificate
// and key is best replaced by swapping a link to their directory.
struct TlsFiles {
  // Of the server, with the chain of its issuers.  Empty: no TLS.
  std::string certificate;
  std::string key;
  // Certificates of the issuers of clients' certificates, which clients may
  // then authenticate themselves with.  Empty: they may not.
  std::string client_ca;
};

struct ReleaseServerOptions {
  // "HOST:PORT"; port 0 selects a free port.  Empty: the server is reachable
  // only by InProcessChannel().
  std::string listen_address;

  TlsFiles tls;

  // File with who may call what: see Authenticator.  Empty: everybody may call
  // everything.  Does not apply to a server that does not listen.
  std::string credentials_path;

  // SQLite file.  Its directory must exist.
  std::string database_path;

  // Refuses calls that would change the database; another process may write to
  // it meanwhile.
  bool read_only = false;

  // Source of the current time.  Must be thread-safe.
  std::function<absl::Time()> clock = absl::Now;

  // How long requests of nodes that were in vain are counted before they are
  // written as demand; see DemandRecorder.
  absl::Duration demand_interval = absl::Seconds(10);
};

// Serves ReleaseService and gRPC's standard health and reflection services.
// These two need no credentials.  Thread-safe.
class ReleaseServer {
 public:
  // UNAVAILABLE: it cannot listen on the address.  Other errors are those of
  // CellStore::Open, Authenticator::Create and of reading the files of TLS.
  static absl::StatusOr<std::unique_ptr<ReleaseServer>> Start(
      const ReleaseServerOptions& options);

  // Shuts down at once, unless Shutdown() was called.
  ~ReleaseServer();

  // 0 if the server does not listen.
  int port() const { return port_; }

  // Returns a channel to this server that needs no port.  It must be closed
  // before this object is destroyed.
  std::shared_ptr<grpc::Channel> InProcessChannel();

  // Reports NOT_SERVING, refuses new calls with UNAVAILABLE, and waits for
  // calls in flight, which it cancels at the deadline.  May be called once.
  void Shutdown(absl::Time deadline);

 private:
  ReleaseServer(std::unique_ptr<CellStore> store,
                std::unique_ptr<DemandRecorder> demand,
                std::unique_ptr<Authenticator> authenticator, bool is_shared)
      : store_(std::move(store)),
        demand_(std::move(demand)),
        authenticator_(std::move(authenticator)),
        service_(*store_, demand_.get(), authenticator_.get(), is_shared) {}

  const std::unique_ptr<CellStore> store_;
  // Null if the store is read-only.
  const std::unique_ptr<DemandRecorder> demand_;
  // Null if everybody may call everything.
  const std::unique_ptr<Authenticator> authenticator_;
  ReleaseService service_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  bool is_shut_down_ = false;
};

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_SERVER_RELEASE_SERVER_H_
