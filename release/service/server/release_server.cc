#include "release/service/server/release_server.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/health_check_service_interface.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/security/tls_certificate_provider.h"
#include "grpcpp/security/tls_credentials_options.h"
#include "proto/release_service.grpc.pb.h"
#include "release/service/store/limits.h"

namespace gantry::service {
namespace {

// Lets gRPC send the last responses.
constexpr absl::Duration kFlushTime = absl::Milliseconds(100);

// How often TLS's files are looked at.
constexpr unsigned kReloadSeconds = 1;

// Both plugins are global in gRPC and apply to servers that are built later.
void EnablePlugins() {
  static const bool enabled = [] {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    return true;
  }();
  static_cast<void>(enabled);
}

// Checks that gRPC will be able to read a file: it reports nothing.
absl::Status CheckPem(const std::string& path, absl::string_view kind) {
  GANTRY_ASSIGN_OR_RETURN(const std::string content, ReadFile(path));
  if (absl::StrContains(content, "-----BEGIN ")) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(path, ": is not a ", kind, " in PEM"));
}

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeCredentials(
    const TlsFiles& tls) {
  if (tls.certificate.empty()) return grpc::InsecureServerCredentials();
  GANTRY_RETURN_IF_ERROR(CheckPem(tls.certificate, "certificate"));
  GANTRY_RETURN_IF_ERROR(CheckPem(tls.key, "private key"));
  namespace tls_api = grpc::experimental;
  tls_api::TlsServerCredentialsOptions options(
      std::make_shared<tls_api::FileWatcherCertificateProvider>(
          tls.key, tls.certificate, tls.client_ca, kReloadSeconds));
  options.watch_identity_key_cert_pairs();
  if (!tls.client_ca.empty()) {
    GANTRY_RETURN_IF_ERROR(CheckPem(tls.client_ca, "certificate"));
    options.watch_root_certs();
    // Clients with tokens need none.
    options.set_cert_request_type(
        GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
  }
  return tls_api::TlsServerCredentials(options);
}

}  // namespace

absl::StatusOr<std::unique_ptr<ReleaseServer>> ReleaseServer::Start(
    const ReleaseServerOptions& options) {
  EnablePlugins();
  CellStoreOptions store_options;
  store_options.read_only = options.read_only;
  store_options.clock = options.clock;
  GANTRY_ASSIGN_OR_RETURN(
      std::unique_ptr<CellStore> store,
      CellStore::Open(options.database_path, store_options));
  std::unique_ptr<DemandRecorder> demand;
  if (!options.read_only) {
    demand = std::make_unique<DemandRecorder>(*store, options.demand_interval);
  }
  const bool is_shared = !options.listen_address.empty();
  std::unique_ptr<Authenticator> authenticator;
  if (is_shared && !options.credentials_path.empty()) {
    GANTRY_ASSIGN_OR_RETURN(
        authenticator,
        Authenticator::Create(options.credentials_path, options.clock));
  }
  std::unique_ptr<ReleaseServer> server(
      new ReleaseServer(std::move(store), std::move(demand),
                        std::move(authenticator), is_shared));

  grpc::ServerBuilder builder;
  // Otherwise a second server on the same port would receive some of the calls.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.SetMaxReceiveMessageSize(kMaxRequestBytes);
  builder.RegisterService(&server->service_);
  if (is_shared) {
    GANTRY_ASSIGN_OR_RETURN(const auto credentials,
                            MakeCredentials(options.tls));
    builder.AddListeningPort(options.listen_address, credentials,
                             &server->port_);
  }
  server->server_ = builder.BuildAndStart();
  if (server->server_ == nullptr) {
    return absl::UnavailableError(
        absl::StrCat("cannot listen on ", options.listen_address,
                     ": the address is in use or not local"));
  }
  server->server_->GetHealthCheckService()->SetServingStatus(
      release::v1::ReleaseService::service_full_name(), true);
  return server;
}

ReleaseServer::~ReleaseServer() {
  if (server_ != nullptr && !is_shut_down_) Shutdown(absl::Now());
}

std::shared_ptr<grpc::Channel> ReleaseServer::InProcessChannel() {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  return server_->InProcessChannel(arguments);
}

void ReleaseServer::Shutdown(absl::Time deadline) {
  is_shut_down_ = true;
  server_->GetHealthCheckService()->Shutdown();
  service_.Drain(deadline);
  // Without a deadline this would wait for idle clients, and for those that
  // watch the health service.
  server_->Shutdown(
      absl::ToChronoTime(std::min(deadline, absl::Now() + kFlushTime)));
}

}  // namespace gantry::service
