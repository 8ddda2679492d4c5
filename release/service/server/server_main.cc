#include <csignal>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/program.h"
#include "base/state_dir.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "base/version.h"
#include "release/service/http/http_server.h"
#include "release/service/server/release_server.h"
#include "release/service/web/web_pages.h"

ABSL_FLAG(std::string, listen, "127.0.0.1:8980",
          "HOST:PORT to listen on; port 0 selects a free port");
ABSL_FLAG(std::string, state, "",
          "state directory; default: .gantry in the workspace");
ABSL_FLAG(std::string, database, "",
          "SQLite file; default: release.db in the directory of --state");
ABSL_FLAG(std::string, http_listen, "",
          "HOST:PORT of the web pages; port 0 selects a free port; empty: no "
          "web pages");
ABSL_FLAG(absl::Duration, grace, absl::Seconds(10),
          "how long to wait for calls in flight after SIGTERM or SIGINT");

namespace {

constexpr char kUsage[] =
    "Serves gantry.release.v1.ReleaseService until SIGTERM or SIGINT.\n"
    "Prints \"listening on HOST:PORT\" when it is ready, and after that, with "
    "--http_listen, \"web pages on http://HOST:PORT/\".\n"
    "There is no authentication: listen only where all clients are trusted, "
    "also for the web pages.\n"
    "Exit codes: 0 stopped by a signal, 1 failed to start (the reason is on "
    "standard error).";

// The address with the port that was selected.
std::string AddressWithPort(const std::string& address, int port) {
  return absl::StrCat(address.substr(0, address.rfind(':')), ":", port);
}

absl::Status Serve(const sigset_t& signals) {
  gantry::service::ReleaseServerOptions options;
  options.listen_address = absl::GetFlag(FLAGS_listen);
  options.database_path = absl::GetFlag(FLAGS_database);
  if (options.database_path.empty()) {
    GANTRY_ASSIGN_OR_RETURN(const gantry::StateDir state,
                            gantry::StateDir::Open(absl::GetFlag(FLAGS_state)));
    options.database_path = state.database_path();
  }
  GANTRY_ASSIGN_OR_RETURN(const auto server,
                          gantry::service::ReleaseServer::Start(options));
  gantry::service::WebPages pages(server->InProcessChannel());
  std::unique_ptr<gantry::service::HttpServer> http;
  const std::string http_address = absl::GetFlag(FLAGS_http_listen);
  if (!http_address.empty()) {
    auto started = gantry::service::HttpServer::Start(
        http_address, [&pages](const gantry::service::HttpRequest& request) {
          return pages.Handle(request);
        });
    if (!started.ok()) {
      return gantry::Annotate(started.status(), "--http_listen");
    }
    http = *std::move(started);
  }
  std::cout << "listening on "
            << AddressWithPort(options.listen_address, server->port())
            << std::endl;
  if (http != nullptr) {
    std::cout << "web pages on http://"
              << AddressWithPort(http_address, http->port()) << "/"
              << std::endl;
  }
  int signal = 0;
  sigwait(&signals, &signal);
  // The pages use the service.
  http.reset();
  server->Shutdown(absl::Now() + absl::GetFlag(FLAGS_grace));
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  gantry::ParseFlags({"server", kUsage, gantry::kVersion}, argc, argv);
  // Before any thread starts, so that all threads inherit the mask.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  if (absl::Status status = Serve(signals); !status.ok()) {
    std::cerr << "server: " << status.message() << "\n";
    return 1;
  }
  return 0;
}
