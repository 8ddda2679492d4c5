#include "release/service/server/test_server.h"

#include "absl/strings/str_cat.h"
#include "base/status_matchers.h"
#include "grpcpp/grpcpp.h"

namespace gantry::service {

ReleaseServerOptions ReleaseServerTest::Options() {
  ReleaseServerOptions options;
  options.listen_address = "127.0.0.1:0";
  options.database_path = database_.path();
  options.clock = [this] { return Now(); };
  return options;
}

absl::Time ReleaseServerTest::Now() {
  if (block_next_write_.exchange(false)) {
    write_blocked_.Notify();
    unblock_write_.WaitForNotification();
  }
  return now_.load();
}

void ReleaseServerTest::Start() {
  GANTRY_ASSERT_OK_AND_ASSIGN(server_, ReleaseServer::Start(Options()));
  GANTRY_ASSERT_OK_AND_ASSIGN(client_, ReleaseClient::Connect(Address()));
}

void ReleaseServerTest::Stop() {
  client_.reset();
  server_.reset();
}

std::string ReleaseServerTest::Address() const {
  return absl::StrCat("127.0.0.1:", server_->port());
}

std::unique_ptr<release::v1::ReleaseService::Stub> ReleaseServerTest::NewStub()
    const {
  return release::v1::ReleaseService::NewStub(
      grpc::CreateChannel(Address(), grpc::InsecureChannelCredentials()));
}

}  // namespace gantry::service
