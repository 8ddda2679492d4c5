#ifndef GANTRY_RELEASE_SERVICE_SERVER_RELEASE_SERVER_H_
#define GANTRY_RELEASE_SERVICE_SERVER_RELEASE_SERVER_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "grpcpp/grpcpp.h"
#include "release/service/server/release_service.h"
#include "release/service/store/cell_store.h"

namespace gantry::service {

struct ReleaseServerOptions {
  // "HOST:PORT"; port 0 takes a free one.  Empty: only InProcessChannel().
  std::string listen_address;

  // SQLite file; its folder must exist.
  std::string database_path;

  // Changes nothing and refuses calls that would; works beside a writer.
  bool read_only = false;

  // What is now, for leases and times of change.  Thread-safe.
  std::function<absl::Time()> clock = absl::Now;
};

// ReleaseService with the standard health and reflection services, without
// authentication: whoever reaches the port may publish.  Thread-safe.
class ReleaseServer {
 public:
  // UNAVAILABLE: cannot listen there.  Else as CellStore::Open.
  static absl::StatusOr<std::unique_ptr<ReleaseServer>> Start(
      const ReleaseServerOptions& options);

  // Shuts down at once, unless that is done.
  ~ReleaseServer();

  // 0 without a listening address.
  int port() const { return port_; }

  // A channel to this server that needs no port.  Close it before this ends.
  std::shared_ptr<grpc::Channel> InProcessChannel();

  // Health turns NOT_SERVING and new calls are refused with UNAVAILABLE; those
  // in flight may end until `deadline`, and are cancelled then.  Call once.
  void Shutdown(absl::Time deadline);

 private:
  explicit ReleaseServer(std::unique_ptr<CellStore> store)
      : store_(std::move(store)), service_(*store_) {}

  const std::unique_ptr<CellStore> store_;
  ReleaseService service_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  bool is_shut_down_ = false;
};

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_SERVER_RELEASE_SERVER_H_
