#include "release/service/auth/authenticator.h"

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "gtest/gtest.h"
#include "proto/credentials.pb.h"
#include "release/service/auth/new_token.h"
#include "release/service/auth/test_issuer.h"
#include "release/service/rpc_status/error_details.h"
#include "tests/fixtures/file_server.h"

namespace gantry::service {
namespace {

using ::gantry::release::v1::ROLE_PLANNER;
using ::gantry::release::v1::ROLE_READER;
using ::gantry::release::v1::ROLE_WORKER;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class AuthenticatorTest : public testing::Test {
 protected:
  std::string PathOf(const std::string& name) const {
    return JoinPath(directory_.path(), name);
  }

  void Write(const std::string& credentials) {
    ASSERT_THAT(WriteFileAtomically(path_, credentials), IsOk());
  }

  void Start() {
    GANTRY_ASSERT_OK_AND_ASSIGN(
        authenticator_, Authenticator::Create(path_, [this] { return now_; }));
  }

  absl::StatusOr<Principal> Call(const std::string& token) {
    return authenticator_->Authenticate("Bearer " + token, {});
  }

  static std::string ReasonOf(const absl::Status& status) {
    const auto info = GetDetail<google::rpc::ErrorInfo>(status);
    return info.has_value() ? info->reason() : "";
  }

  const TempDir directory_ = *TempDir::Create(testing::TempDir());
  const std::string path_ = PathOf("credentials.textproto");
  absl::Time now_ = absl::FromUnixSeconds(1'700'000'000);
  std::unique_ptr<Authenticator> authenticator_;
};

TEST_F(AuthenticatorTest, TokenHasItsNameAndRoles) {
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const std::string token,
      AddToken(path_, "ci-7", {ROLE_WORKER, ROLE_READER},
               now_ + absl::Hours(1)));
  Start();
  GANTRY_ASSERT_OK_AND_ASSIGN(const Principal principal, Call(token));
  EXPECT_EQ(principal.name, "ci-7");
  EXPECT_THAT(principal.roles, ElementsAre(ROLE_READER, ROLE_WORKER));
  EXPECT_THAT(authenticator_->Authenticate("bearer " + token, {}), IsOk());
  // The file does not have it.
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::string file, ReadFile(path_));
  EXPECT_EQ(file.find(token), std::string::npos);
}

TEST_F(AuthenticatorTest, ExpiredAndUnknownTokensAreRefused) {
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const std::string token,
      AddToken(path_, "ci-7", {ROLE_WORKER}, now_ + absl::Hours(1)));
  Start();
  const absl::Status unknown = Call(token + "x").status();
  EXPECT_TRUE(absl::IsUnauthenticated(unknown));
  EXPECT_EQ(ReasonOf(unknown), "UNKNOWN_TOKEN");
  EXPECT_EQ(ReasonOf(authenticator_->Authenticate("Basic x", {}).status()),
            "UNKNOWN_TOKEN");
  const absl::Status none = authenticator_->Authenticate("", {}).status();
  EXPECT_TRUE(absl::IsUnauthenticated(none));
  EXPECT_EQ(ReasonOf(none), "NO_CREDENTIALS");
  now_ += absl::Hours(1);
  const absl::Status expired = Call(token).status();
  EXPECT_THAT(expired, StatusIs(absl::StatusCode::kUnauthenticated,
                                HasSubstr("the token of ci-7 has expired")));
  EXPECT_EQ(ReasonOf(expired), "TOKEN_EXPIRED");
}

TEST_F(AuthenticatorTest, CertificatesAreKnownByTheirNames) {
  Write("client_certificates { name: 'node-1.example' roles: ROLE_NODE }");
  Start();
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const Principal node,
      authenticator_->Authenticate("", {"x", "node-1.example"}));
  EXPECT_EQ(node.name, "node-1.example");
  EXPECT_THAT(authenticator_->Authenticate("", {"node-2.example"}),
              StatusIs(absl::StatusCode::kUnauthenticated));
  // A wrong token is not replaced by a certificate.
  EXPECT_THAT(authenticator_->Authenticate("Bearer x", {"node-1.example"}),
              StatusIs(absl::StatusCode::kUnauthenticated));
}

TEST_F(AuthenticatorTest, ChangedFileIsReadAgain) {
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const std::string first,
      AddToken(path_, "a", {ROLE_READER}, now_ + absl::Hours(1)));
  Start();
  ASSERT_THAT(Call(first), IsOk());
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const std::string second,
      AddToken(path_, "b", {ROLE_READER}, now_ + absl::Hours(1)));
  const absl::Time deadline = absl::Now() + absl::Seconds(30);
  while (!Call(second).ok()) {
    ASSERT_LT(absl::Now(), deadline);
    absl::SleepFor(absl::Milliseconds(20));
  }
  EXPECT_THAT(Call(first), IsOk());
  // What is malformed does not lock everybody out.
  Write("tokens {");
  absl::SleepFor(absl::Milliseconds(1'100));
  EXPECT_THAT(Call(second), IsOk());
}

TEST_F(AuthenticatorTest, MalformedCredentialsAreInvalid) {
  const std::string digest = "sha256:" + std::string(64, 'a');
  const std::pair<std::string, std::string> cases[] = {
      {"tokens {", "credentials.textproto:1:"},
      {"tokens { roles: ROLE_NODE }", "tokens[0].name: is required"},
      {"tokens { name: 'a\\nb' }", "tokens[0].name: is not one line"},
      {"tokens { name: 'a' }", "tokens[0].roles: is required"},
      {"tokens { name: 'a' roles: ROLE_UNSPECIFIED }",
       "tokens[0].roles: 0 is not a role"},
      {"tokens { name: 'a' roles: ROLE_NODE digest: 'x' }",
       "tokens[0].digest: "},
      {"tokens { name: 'a' roles: ROLE_NODE digest: '" + digest + "' }",
       "tokens[0].expire_time: is required"},
      {"tokens { name: 'a' roles: ROLE_NODE digest: '" + digest +
           "' expire_time {} } tokens { name: 'b' roles: ROLE_OPERATOR "
           "digest: '" +
           digest + "' expire_time {} }",
       "tokens[1]: has the name or digest of another token"},
      {"client_certificates { name: 'a' }",
       "client_certificates[0].roles: is required"},
      {"identity_providers { issuer: 'a' audience: 'b' keys_url: 'http://x' }",
       "identity_providers[0].keys_url: is not an https URL"},
      {"identity_providers { issuer: 'a' audience: 'b' keys_url: 'https://x' "
       "rules { roles: ROLE_WORKER } }",
       "identity_providers[0].rules[0].claims: is required"},
  };
  for (const auto& [text, error] : cases) {
    Write(text);
    EXPECT_THAT(Authenticator::Create(path_, absl::Now).status(),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(error)))
        << text;
  }
}

TEST_F(AuthenticatorTest, NamesOfTokensAreUnique) {
  ASSERT_THAT(AddToken(path_, "a", {ROLE_READER}, now_), IsOk());
  EXPECT_THAT(AddToken(path_, "a", {ROLE_READER}, now_),
              StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_THAT(AddToken(path_, "b", {}, now_),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("tokens[1].roles: is required")));
}

TEST_F(AuthenticatorTest, RolesDecide) {
  const Principal worker = {"ci-7", {ROLE_WORKER}};
  EXPECT_THAT(Authenticator::Authorize(worker, "ClaimCells"), IsOk());
  const absl::Status refused = Authenticator::Authorize(worker, "PlanCells");
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kPermissionDenied,
                                "ci-7 may not call PlanCells: it is worker"));
  EXPECT_EQ(ReasonOf(refused), "ROLE_MISSING");
}

// With an identity provider on a loopback server.
class IdentityTest : public AuthenticatorTest {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(PathOf("issuer"));
    ASSERT_THAT(WriteFileAtomically(PathOf("issuer/jwks"), issuer_.KeySet()),
                IsOk());
    GANTRY_ASSERT_OK_AND_ASSIGN(fixtures::FileServer server,
                                fixtures::FileServer::Start(PathOf("issuer")));
    server_ = std::make_unique<fixtures::FileServer>(std::move(server));
    Write(absl::StrCat(R"(
identity_providers {
  issuer: "https://ci.example"
  audience: "gantry.example"
  keys_url: ")",
                       server_->Url("jwks"), R"("
  rules { claims { key: "repository" value: "example/fleet" }
          roles: ROLE_WORKER }
  rules { claims { key: "repository" value: "example/fleet" }
          claims { key: "ref" value: "refs/heads/main" }
          roles: ROLE_PLANNER }
}
)"));
    Start();
  }

  std::string Sign(const TestIssuer& issuer, const std::string& repository,
                   const std::string& ref,
                   const std::string& name = "https://ci.example") {
    return issuer.Sign(absl::StrCat(
        R"({"iss": ")", name, R"(", "sub": "repo:)", repository,
        R"(", "aud": "gantry.example", "exp": )",
        absl::ToUnixSeconds(now_ + absl::Minutes(5)), R"(, "repository": ")",
        repository, R"(", "ref": ")", ref, R"("})"));
  }

  const TestIssuer issuer_{"key-1"};
  std::unique_ptr<fixtures::FileServer> server_;
};

TEST_F(IdentityTest, ClaimsGiveRoles) {
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const Principal branch,
      Call(Sign(issuer_, "example/fleet", "refs/heads/try")));
  EXPECT_EQ(branch.name, "repo:example/fleet");
  EXPECT_THAT(branch.roles, ElementsAre(ROLE_WORKER));
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const Principal main,
      Call(Sign(issuer_, "example/fleet", "refs/heads/main")));
  EXPECT_THAT(main.roles, ElementsAre(ROLE_WORKER, ROLE_PLANNER));
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const Principal stranger,
      Call(Sign(issuer_, "stranger/fork", "refs/heads/main")));
  EXPECT_THAT(stranger.roles, IsEmpty());
}

TEST_F(IdentityTest, BadTokensAreRefused) {
  for (const std::string& token :
       {Sign(issuer_, "example/fleet", "main", "https://other.example"),
        Sign(TestIssuer("key-1"), "example/fleet", "main"),
        std::string("a.b.c")}) {
    const absl::Status status = Call(token).status();
    EXPECT_TRUE(absl::IsUnauthenticated(status)) << status;
    EXPECT_EQ(ReasonOf(status), "BAD_IDENTITY_TOKEN");
  }
}

TEST_F(IdentityTest, RotatedKeysAreFetchedOnceAMinute) {
  ASSERT_THAT(Call(Sign(issuer_, "example/fleet", "main")), IsOk());
  const TestIssuer rotated("key-2");
  ASSERT_THAT(WriteFileAtomically(PathOf("issuer/jwks"), rotated.KeySet()),
              IsOk());
  EXPECT_THAT(
      Call(Sign(rotated, "example/fleet", "main")),
      StatusIs(absl::StatusCode::kUnauthenticated, HasSubstr("unknown key")));
  now_ += absl::Minutes(1);
  EXPECT_THAT(Call(Sign(rotated, "example/fleet", "main")), IsOk());
  // The provider no longer vouches for the old key.
  EXPECT_THAT(Call(Sign(issuer_, "example/fleet", "main")),
              StatusIs(absl::StatusCode::kUnauthenticated));
}

TEST_F(IdentityTest, ProviderThatDoesNotAnswerIsUnavailable) {
  std::filesystem::remove(PathOf("issuer/jwks"));
  EXPECT_THAT(
      Call(Sign(issuer_, "example/fleet", "main")),
      StatusIs(absl::StatusCode::kUnavailable, HasSubstr("cannot be fetched")));
}

}  // namespace
}  // namespace gantry::service
