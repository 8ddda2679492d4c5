// Who may call what, over TLS with real certificates.

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/subprocess.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/credentials.pb.h"
#include "proto/event.pb.h"
#include "proto/release_service.pb.h"
#include "release/service/auth/new_token.h"
#include "release/service/client/client_credentials.h"
#include "release/service/client/release_client.h"
#include "release/service/http/http_server.h"
#include "release/service/server/release_server.h"
#include "release/service/web/web_pages.h"
#include "tests/fixtures/test_cells.h"

namespace gantry::service {
namespace {

using ::gantry::fixtures::TestPlan;
using ::gantry::fixtures::TestRevision;
using ::testing::HasSubstr;

class SecurityTest : public testing::Test {
 protected:
  void SetUp() override {
    MakeAuthority("ca");
    MakeCertificate("server", "ca", "IP:127.0.0.1");
    options_.listen_address = "127.0.0.1:0";
    options_.database_path = PathOf("release.db");
    options_.credentials_path = PathOf("credentials");
    options_.tls.certificate = PathOf("server.pem");
    options_.tls.key = PathOf("server.key");
    for (const auto& [name, role] :
         {std::pair{"reader", release::v1::ROLE_READER},
          std::pair{"worker", release::v1::ROLE_WORKER},
          std::pair{"planner", release::v1::ROLE_PLANNER}}) {
      AddToken(name, role, absl::Now() + absl::Hours(1));
    }
  }

  std::string PathOf(const std::string& name) const {
    return JoinPath(directory_.path(), name);
  }

  void OpenSsl(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "openssl");
    const auto result = RunCommand(arguments);
    ASSERT_THAT(result, IsOk());
  }

  void MakeAuthority(const std::string& name) {
    OpenSsl({"req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
             "/CN=" + name, "-keyout", PathOf(name + ".key"), "-out",
             PathOf(name + ".pem")});
  }

  // A certificate for a subject alternative name.
  void MakeCertificate(const std::string& name, const std::string& authority,
                       const std::string& subject) {
    ASSERT_THAT(WriteFileAtomically(PathOf("extensions"),
                                    "subjectAltName=" + subject + "\n"),
                IsOk());
    OpenSsl({"req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-subj", "/CN=test", "-keyout", PathOf(name + ".key"),
             "-out", PathOf(name + ".csr")});
    OpenSsl({"x509", "-req", "-in", PathOf(name + ".csr"), "-days", "2", "-CA",
             PathOf(authority + ".pem"), "-CAkey", PathOf(authority + ".key"),
             "-CAcreateserial", "-extfile", PathOf("extensions"), "-out",
             PathOf(name + ".pem")});
  }

  void AddToken(const std::string& name, release::v1::Role role,
                absl::Time expire_time) {
    GANTRY_ASSERT_OK_AND_ASSIGN(const std::string token,
                                service::AddToken(options_.credentials_path,
                                                  name, {role}, expire_time));
    ASSERT_THAT(WriteFileAtomically(PathOf(name + ".token"), token + "\n"),
                IsOk());
  }

  void Start() {
    GANTRY_ASSERT_OK_AND_ASSIGN(server_, ReleaseServer::Start(options_));
  }

  // A client that shows the token of that name; empty: none.
  absl::StatusOr<std::unique_ptr<ReleaseClient>> Connect(
      const std::string& token, const std::string& certificate = "",
      const std::string& authority = "ca") {
    ClientCredentials credentials;
    credentials.ca_file = PathOf(authority + ".pem");
    if (!token.empty()) credentials.token_file = PathOf(token + ".token");
    if (!certificate.empty()) {
      credentials.certificate_file = PathOf(certificate + ".pem");
      credentials.key_file = PathOf(certificate + ".key");
    }
    auto client = ReleaseClient::Connect(
        absl::StrCat("127.0.0.1:", server_->port()), credentials);
    if (client.ok()) (*client)->set_retry_timeout(absl::ZeroDuration());
    return client;
  }

  const TempDir directory_ = *TempDir::Create(testing::TempDir());
  ReleaseServerOptions options_;
  std::unique_ptr<ReleaseServer> server_;
};

TEST_F(SecurityTest, RolesDecideWhatTokensMayDo) {
  Start();
  GANTRY_ASSERT_OK_AND_ASSIGN(const auto nobody, Connect(""));
  EXPECT_THAT(nobody->ListCells({}),
              StatusIs(absl::StatusCode::kUnauthenticated,
                       HasSubstr("--service_token_file")));
  EXPECT_THAT(nobody->RecordRevision(TestRevision(1)),
              StatusIs(absl::StatusCode::kUnauthenticated));

  GANTRY_ASSERT_OK_AND_ASSIGN(const auto reader, Connect("reader"));
  EXPECT_THAT(reader->ListCells({}), IsOk());
  EXPECT_THAT(reader->RecordRevision(TestRevision(1)),
              StatusIs(absl::StatusCode::kPermissionDenied,
                       "reader may not call RecordRevision: it is reader"));

  GANTRY_ASSERT_OK_AND_ASSIGN(const auto worker, Connect("worker"));
  EXPECT_THAT(worker->PlanCells({TestPlan(1)}),
              StatusIs(absl::StatusCode::kPermissionDenied));
  GANTRY_ASSERT_OK_AND_ASSIGN(const auto planner, Connect("planner"));
  EXPECT_THAT(planner->PlanCells({TestPlan(1)}), IsOk());
  EXPECT_THAT(worker->RecordRevision(TestRevision(1)), IsOk());
}

TEST_F(SecurityTest, EventsNameThePrincipalAndLeasesTheWorker) {
  Start();
  GANTRY_ASSERT_OK_AND_ASSIGN(const auto planner, Connect("planner"));
  ASSERT_THAT(planner->PlanCells({TestPlan(1)}), IsOk());
  GANTRY_ASSERT_OK_AND_ASSIGN(const auto worker, Connect("worker"));
  release::v1::ClaimCellsRequest claim;
  claim.set_worker("ci-7/2c26");
  GANTRY_ASSERT_OK_AND_ASSIGN(const auto claimed, worker->ClaimCells(claim));
  ASSERT_EQ(claimed.size(), 1u);
  EXPECT_EQ(claimed[0].lease().worker(), "ci-7/2c26");
  GANTRY_ASSERT_OK_AND_ASSIGN(const auto events, worker->ListEvents({}));
  ASSERT_EQ(events.events_size(), 2);
  EXPECT_EQ(events.events(0).actor(), "planner");
  EXPECT_EQ(events.events(1).actor(), "worker");
}

TEST_F(SecurityTest, ExpiredTokenIsRefused) {
  AddToken("late", release::v1::ROLE_READER, absl::Now() - absl::Seconds(1));
  Start();
  GANTRY_ASSERT_OK_AND_ASSIGN(const auto late, Connect("late"));
  EXPECT_THAT(late->ListCells({}),
              StatusIs(absl::StatusCode::kUnauthenticated,
                       HasSubstr("the token of late has expired")));
}

TEST_F(SecurityTest, ClientsRecognizeTheService) {
  Start();
  MakeAuthority("other");
  EXPECT_THAT(
      Connect("reader", "", "other"),
      StatusIs(absl::StatusCode::kUnavailable, HasSubstr("certificate")));
  // Without TLS the server is not understood.
  EXPECT_THAT(
      ReleaseClient::Connect(absl::StrCat("127.0.0.1:", server_->port()), {},
                             absl::Seconds(1)),
      StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(SecurityTest, CertificatesIdentifyClients) {
  options_.tls.client_ca = PathOf("clients.pem");
  MakeAuthority("clients");
  MakeCertificate("node", "clients", "DNS:node-1.example");
  MakeCertificate("unknown", "clients", "DNS:node-2.example");
  MakeCertificate("foreign", "ca", "DNS:node-1.example");
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::string credentials,
                              ReadFile(options_.credentials_path));
  ASSERT_THAT(WriteFileAtomically(options_.credentials_path,
                                  absl::StrCat(credentials,
                                               "client_certificates { name: "
                                               "\"node-1.example\" roles: "
                                               "ROLE_NODE }\n")),
              IsOk());
  Start();
  release::v1::ResolveRequest resolve;
  resolve.set_os_release("flatcar-4230.2.0");
  GANTRY_ASSERT_OK_AND_ASSIGN(const auto node, Connect("", "node"));
  EXPECT_THAT(node->Resolve(resolve), IsOk());
  EXPECT_THAT(node->ListCells({}),
              StatusIs(absl::StatusCode::kPermissionDenied,
                       HasSubstr("node-1.example may not call ListCells")));
  GANTRY_ASSERT_OK_AND_ASSIGN(const auto unknown, Connect("", "unknown"));
  EXPECT_THAT(unknown->Resolve(resolve),
              StatusIs(absl::StatusCode::kUnauthenticated));
  // Its issuer is not one of clients'.
  const auto foreign = Connect("", "foreign");
  if (foreign.ok()) {
    EXPECT_THAT((*foreign)->Resolve(resolve),
                StatusIs(absl::StatusCode::kUnavailable));
  } else {
    EXPECT_THAT(foreign, StatusIs(absl::StatusCode::kUnavailable));
  }
  // Tokens need no certificate.
  GANTRY_ASSERT_OK_AND_ASSIGN(const auto reader, Connect("reader"));
  EXPECT_THAT(reader->ListCells({}), IsOk());
}

TEST_F(SecurityTest, RenewedCertificateIsServedWithoutRestart) {
  MakeAuthority("new");
  std::filesystem::create_directory(PathOf("first"));
  std::filesystem::create_directory(PathOf("second"));
  MakeCertificate("first/server", "ca", "IP:127.0.0.1");
  MakeCertificate("second/server", "new", "IP:127.0.0.1");
  std::filesystem::create_directory_symlink("first", PathOf("current"));
  options_.tls.certificate = PathOf("current/server.pem");
  options_.tls.key = PathOf("current/server.key");
  Start();
  GANTRY_ASSERT_OK_AND_ASSIGN(const auto before, Connect("reader"));
  EXPECT_THAT(before->ListCells({}), IsOk());

  std::filesystem::create_directory_symlink("second", PathOf("next"));
  std::filesystem::rename(PathOf("next"), PathOf("current"));
  const absl::Time deadline = absl::Now() + absl::Seconds(30);
  while (!Connect("reader", "", "new").ok()) {
    ASSERT_LT(absl::Now(), deadline);
  }
  EXPECT_THAT(Connect("reader"), StatusIs(absl::StatusCode::kUnavailable));
  // Connections stay.
  EXPECT_THAT(before->ListCells({}), IsOk());
}

TEST_F(SecurityTest, WebPagesAskForAToken) {
  Start();
  WebPages pages(server_->InProcessChannel());
  const HttpResponse refused = pages.Handle({"/demand", {}, ""});
  EXPECT_EQ(refused.status, 401);
  EXPECT_THAT(refused.headers.at("WWW-Authenticate"), HasSubstr("Basic "));
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::string token,
                              ReadToken(PathOf("reader.token")));
  EXPECT_EQ(pages.Handle({"/demand", {}, "Bearer " + token}).status, 200);
  EXPECT_EQ(
      pages
          .Handle({"/demand", {}, "Basic " + absl::Base64Escape("me:" + token)})
          .status,
      200);
  EXPECT_EQ(pages.Handle({"/demand", {}, "Bearer x"}).status, 401);
}

TEST_F(SecurityTest, FilesThatAreNotPemAreErrors) {
  options_.tls.key = options_.database_path;
  EXPECT_THAT(ReleaseServer::Start(options_),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("release.db: is not a private key in PEM")));
  options_.tls.key = PathOf("missing");
  EXPECT_THAT(ReleaseServer::Start(options_),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST(ClientCredentialsTest, TokensStayOnThisMachineWithoutTls) {
  const TempDir directory = *TempDir::Create(testing::TempDir());
  ClientCredentials credentials;
  credentials.token_file = JoinPath(directory.path(), "token");
  EXPECT_THAT(ReleaseClient::Connect("release.example:8980", credentials),
              StatusIs(absl::StatusCode::kNotFound));
  ASSERT_THAT(WriteFileAtomically(credentials.token_file, "two words"), IsOk());
  EXPECT_THAT(ReleaseClient::Connect("release.example:8980", credentials),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("is not a token")));
  ASSERT_THAT(WriteFileAtomically(credentials.token_file, "secret"), IsOk());
  EXPECT_THAT(ReleaseClient::Connect("release.example:8980", credentials),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("without encryption")));
}

}  // namespace
}  // namespace gantry::service
