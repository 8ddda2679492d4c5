#include <csignal>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/loopback.h"
#include "base/program.h"
#include "base/state_dir.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "base/user_path.h"
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
ABSL_FLAG(std::string, credentials, "",
          "file with who may call what (proto/credentials.proto); empty: "
          "everybody may call everything");
ABSL_FLAG(std::string, tls_certificate, "",
          "file with the server's certificate, in PEM; empty: no TLS");
ABSL_FLAG(std::string, tls_key, "",
          "file with the key, in PEM, of --tls_certificate");
ABSL_FLAG(
    std::string, tls_client_ca, "",
    "file with the certificates, in PEM, that vouch for those of clients; "
    "empty: clients need tokens");
ABSL_FLAG(bool, insecure_listen, false,
          "listen beyond this machine without --credentials or without TLS");
ABSL_FLAG(absl::Duration, grace, absl::Seconds(10),
          "how long to wait for calls in flight after SIGTERM or SIGINT");

namespace {

constexpr char kUsage[] =
    "Serves gantry.release.v1.ReleaseService until SIGTERM or SIGINT.\n"
    "Prints \"listening on HOST:PORT\" when it is ready, and after that, with "
    "--http_listen, \"web pages on http://HOST:PORT/\" (or https).\n"
    "Listens beyond this machine only with --credentials, --tls_certificate "
    "and "
    "--tls_key,\nunless --insecure_listen is set.\n"
    "Exit codes: 0 stopped by a signal, 1 failed to start (the reason is on "
    "standard error).";

// The address with the port that was selected.
std::string AddressWithPort(const std::string& address, int port) {
  return absl::StrCat(address.substr(0, address.rfind(':')), ":", port);
}

// INVALID_ARGUMENT: the address has another form, or whoever reaches it could
// publish, or read tokens on the way.
absl::Status CheckAddress(
    absl::string_view flag, const std::string& address,
    const gantry::service::ReleaseServerOptions& options) {
  const bool is_secure =
      !options.credentials_path.empty() && !options.tls.certificate.empty();
  // Without a port, gRPC would choose one.
  if (!absl::StrContains(address, ':')) {
    return absl::InvalidArgumentError(
        absl::StrCat(flag, ": \"", address, "\" is not of the form HOST:PORT"));
  }
  if (is_secure || gantry::IsLoopback(address) ||
      absl::GetFlag(FLAGS_insecure_listen)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      flag, "=", address,
      " is reached from other machines: set --credentials, --tls_certificate "
      "and --tls_key, or --insecure_listen"));
}

std::string PathOf(const std::string& flag) {
  return flag.empty() ? "" : gantry::UserPath(flag);
}

absl::StatusOr<gantry::service::ReleaseServerOptions> OptionsFromFlags() {
  gantry::service::ReleaseServerOptions options;
  options.listen_address = absl::GetFlag(FLAGS_listen);
  options.credentials_path = PathOf(absl::GetFlag(FLAGS_credentials));
  options.tls.certificate = PathOf(absl::GetFlag(FLAGS_tls_certificate));
  options.tls.key = PathOf(absl::GetFlag(FLAGS_tls_key));
  options.tls.client_ca = PathOf(absl::GetFlag(FLAGS_tls_client_ca));
  if (options.tls.certificate.empty() != options.tls.key.empty()) {
    return absl::InvalidArgumentError(
        "--tls_certificate and --tls_key must be set together");
  }
  if (options.tls.certificate.empty() && !options.tls.client_ca.empty()) {
    return absl::InvalidArgumentError(
        "--tls_client_ca: needs --tls_certificate, too");
  }
  GANTRY_RETURN_IF_ERROR(
      CheckAddress("--listen", options.listen_address, options));
  const std::string http = absl::GetFlag(FLAGS_http_listen);
  if (!http.empty()) {
    GANTRY_RETURN_IF_ERROR(CheckAddress("--http_listen", http, options));
  }
  options.database_path = absl::GetFlag(FLAGS_database);
  if (options.database_path.empty()) {
    GANTRY_ASSIGN_OR_RETURN(const gantry::StateDir state,
                            gantry::StateDir::Open(absl::GetFlag(FLAGS_state)));
    options.database_path = state.database_path();
  }
  return options;
}

absl::Status Serve(const sigset_t& signals) {
  GANTRY_ASSIGN_OR_RETURN(const auto options, OptionsFromFlags());
  GANTRY_ASSIGN_OR_RETURN(const auto server,
                          gantry::service::ReleaseServer::Start(options));
  gantry::service::WebPages pages(server->InProcessChannel());
  std::unique_ptr<gantry::service::HttpServer> http;
  const std::string http_address = absl::GetFlag(FLAGS_http_listen);
  if (!http_address.empty()) {
    auto started = gantry::service::HttpServer::Start(
        http_address,
        [&pages](const gantry::service::HttpRequest& request) {
          return pages.Handle(request);
        },
        {options.tls.certificate, options.tls.key});
    if (!started.ok()) {
      return gantry::Annotate(started.status(), "--http_listen");
    }
    http = *std::move(started);
  }
  std::cout << "listening on "
            << AddressWithPort(options.listen_address, server->port())
            << std::endl;
  if (http != nullptr) {
    std::cout << "web pages on "
              << (options.tls.certificate.empty() ? "http://" : "https://")
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
