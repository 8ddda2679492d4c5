// Tests that remote_files verifies what it downloads.

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/subprocess.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fixtures/file_server.h"
#include "tests/fixtures/openpgp_signer.h"
#include "tests/rules/nested_workspace.h"

namespace gantry::rules {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr absl::string_view kContent = "seven\n";

// A JSON field.
std::string Field(absl::string_view name, absl::string_view value) {
  return absl::StrCat("\"", name, "\": \"", value, "\"");
}

// A repository of one file.
struct TestRepository {
  std::string name;
  std::string url;
  std::string digest = Sha256Digest(kContent);
  // Further fields of the file's JSON object, each after a comma.
  std::string more_fields;
  std::string keyring;
  std::string fingerprint;
};

class RemoteFilesTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    GANTRY_ASSERT_OK_AND_ASSIGN(NestedWorkspace workspace,
                                NestedWorkspace::Create());
    workspace_ = std::make_unique<NestedWorkspace>(std::move(workspace));
    ASSERT_THAT(workspace_->Write("seven.txt", kContent), IsOk());
  }
  static void TearDownTestSuite() { workspace_.reset(); }

  static std::string FileUrl(absl::string_view name) {
    return absl::StrCat("file://", workspace_->PathOf(name));
  }

  static TestRepository SevenAs(absl::string_view name) {
    TestRepository repository;
    repository.name = std::string(name);
    repository.url = FileUrl("seven.txt");
    return repository;
  }

  // A repository of seven.txt with a new signature, and the signer's public key
  // as its keyring.
  static TestRepository SignedSevenAs(absl::string_view name,
                                      const fixtures::OpenPgpSigner& signer) {
    const std::string path = workspace_->PathOf("seven.txt");
    EXPECT_THAT(signer.SignFile(path), IsOk());
    TestRepository repository = SevenAs(name);
    repository.more_fields =
        absl::StrCat(", ", Field("signature_url", FileUrl("seven.txt.sig")));
    repository.keyring = signer.keyring_path();
    return repository;
  }

  // Fetches the repository.  All output of Bazel is in
  // SubprocessResult::output.
  static SubprocessResult Fetch(const TestRepository& repository) {
    const auto result = workspace_->Fetch(
        absl::StrCat("load(\"//builder:repositories.bzl\", \"remote_files\")\n"
                     "remote_files(name = \"",
                     repository.name, "\", files = ['{",
                     Field("url", repository.url), ", ",
                     Field("digest", repository.digest), repository.more_fields,
                     "}'], keyring = \"", repository.keyring, "\"",
                     repository.fingerprint.empty()
                         ? ""
                         : absl::StrCat(", fingerprints = [\"",
                                        repository.fingerprint, "\"]"),
                     ")\n"),
        absl::StrCat("@", repository.name, "//:all"));
    EXPECT_THAT(result, IsOk());
    return result.value_or(SubprocessResult());
  }

  static void ExpectFetched(const TestRepository& repository) {
    const SubprocessResult result = Fetch(repository);
    EXPECT_EQ(result.exit_code, 0) << result.output;
    EXPECT_THAT(ReadFile(workspace_->Fetched(repository.name, "seven.txt")),
                IsOkAndHolds(kContent));
  }

  // Expects an error with this output, and that the file is removed.
  static void ExpectRefused(const TestRepository& repository,
                            const testing::Matcher<std::string>& output) {
    const SubprocessResult result = Fetch(repository);
    EXPECT_NE(result.exit_code, 0);
    EXPECT_THAT(result.output, output);
    const std::string name =
        repository.url.substr(repository.url.rfind('/') + 1);
    EXPECT_THAT(ReadFile(workspace_->Fetched(repository.name, name)),
                StatusIs(absl::StatusCode::kNotFound));
  }

  static std::unique_ptr<NestedWorkspace> workspace_;
};

std::unique_ptr<NestedWorkspace> RemoteFilesTest::workspace_;

TEST_F(RemoteFilesTest, ValidFileBecomesATarget) {
  TestRepository repository = SevenAs("good");
  repository.more_fields = ", " + Field("size", "6");
  ExpectFetched(repository);
}

TEST_F(RemoteFilesTest, WrongSha256NamesBothDigests) {
  TestRepository repository = SevenAs("wrong_sha256");
  const std::string wrong(64, 'a');
  repository.digest = "sha256:" + wrong;
  ExpectRefused(
      repository,
      AllOf(HasSubstr("seven.txt"), HasSubstr(wrong),
            HasSubstr(std::string(DigestHex(Sha256Digest(kContent))))));
}

TEST_F(RemoteFilesTest, WrongSha512NamesBothDigests) {
  TestRepository repository = SevenAs("wrong_sha512");
  const std::string wrong(128, 'b');
  repository.digest = "sha512:" + wrong;
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const std::string sum,
      RunCommand({"sha512sum", workspace_->PathOf("seven.txt")}));
  ExpectRefused(repository, AllOf(HasSubstr("seven.txt"), HasSubstr(wrong),
                                  HasSubstr(sum.substr(0, 128))));
}

TEST_F(RemoteFilesTest, CorrectSha512IsAccepted) {
  TestRepository repository = SevenAs("sha512");
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const std::string sum,
      RunCommand({"sha512sum", workspace_->PathOf("seven.txt")}));
  repository.digest = "sha512:" + sum.substr(0, 128);
  ExpectFetched(repository);
}

TEST_F(RemoteFilesTest, WrongSizeNamesBothSizes) {
  TestRepository repository = SevenAs("wrong_size");
  repository.more_fields = ", \"size\": 7";
  ExpectRefused(repository,
                HasSubstr("@wrong_size: seven.txt has 6 bytes, expected 7"));
}

TEST_F(RemoteFilesTest, MalformedDigestIsRefused) {
  TestRepository repository = SevenAs("malformed");
  repository.digest = "sha512:abcd";
  ExpectRefused(repository, HasSubstr("must be sha256:<hex> or sha512:<hex>"));
}

TEST_F(RemoteFilesTest, PackageMissingFromTheMirrorExplainsWhatToDo) {
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const fixtures::FileServer server,
      fixtures::FileServer::Start(workspace_->PathOf("ws")));
  TestRepository repository = SevenAs("lost");
  repository.url = server.Url("lost_1.0%2bdeb12_amd64.deb");
  ExpectRefused(repository, AllOf(HasSubstr("@lost: apt could not download"),
                                  HasSubstr("lost_1.0%2bdeb12_amd64.deb"),
                                  HasSubstr("run discovery again")));
}

class SignedRemoteFilesTest : public RemoteFilesTest {
 protected:
  void SetUp() override {
    GANTRY_ASSERT_OK_AND_ASSIGN(fixtures::OpenPgpSigner signer,
                                fixtures::OpenPgpSigner::Create());
    signer_ = std::make_unique<fixtures::OpenPgpSigner>(std::move(signer));
  }

  std::unique_ptr<fixtures::OpenPgpSigner> signer_;
};

TEST_F(SignedRemoteFilesTest, ValidSignatureIsAccepted) {
  ExpectFetched(SignedSevenAs("signed", *signer_));
}

TEST_F(SignedRemoteFilesTest, SignatureOfAnotherFileIsRefused) {
  TestRepository repository = SignedSevenAs("other_file", *signer_);
  ASSERT_THAT(workspace_->Write("eight.txt", "eight\n"), IsOk());
  repository.url = FileUrl("eight.txt");
  repository.digest = Sha256Digest("eight\n");
  ExpectRefused(
      repository,
      HasSubstr(absl::StrCat(
          "@other_file: eight.txt: signature ", FileUrl("seven.txt.sig"),
          " refused: the file does not match the signature by key ",
          signer_->fingerprint(), " (keyring ", signer_->keyring_path(), ")")));
}

TEST_F(SignedRemoteFilesTest, RevokedKeyIsRefused) {
  const TestRepository repository = SignedSevenAs("revoked_key", *signer_);
  ASSERT_THAT(signer_->Revoke(), IsOk());
  ExpectRefused(repository,
                HasSubstr(absl::StrCat("refused: key ", signer_->fingerprint(),
                                       " has been revoked")));
}

TEST_F(SignedRemoteFilesTest, KeyThatExpiredBeforeSigningIsRefused) {
  const TestRepository repository = SignedSevenAs("expired_key", *signer_);
  ASSERT_THAT(signer_->Expire(absl::CivilDay(2021, 1, 1)), IsOk());
  ExpectRefused(repository,
                HasSubstr(absl::StrCat("refused: key ", signer_->fingerprint(),
                                       " had expired when it signed")));
}

TEST_F(SignedRemoteFilesTest, KeyThatExpiredAfterSigningIsAccepted) {
  const TestRepository repository = SignedSevenAs("expired_since", *signer_);
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const std::string signature,
      signer_->Sign(kContent, {absl::CivilDay(2020, 6, 1)}));
  ASSERT_THAT(workspace_->Write("seven.txt.sig", signature), IsOk());
  ASSERT_THAT(signer_->Expire(absl::CivilDay(2021, 1, 1)), IsOk());
  ExpectFetched(repository);
}

TEST_F(SignedRemoteFilesTest, OnlyPinnedKeysMaySign) {
  TestRepository repository = SignedSevenAs("pinned", *signer_);
  repository.fingerprint = signer_->fingerprint();
  ExpectFetched(repository);
  repository.name = "not_pinned";
  repository.fingerprint = std::string(40, 'A');
  ExpectRefused(
      repository,
      HasSubstr(absl::StrCat("the primary key of key ", signer_->fingerprint(),
                             " is not one of the "
                             "signing_key_fingerprints")));
}

TEST_F(SignedRemoteFilesTest, FileWithoutSignatureIsRefused) {
  TestRepository repository = SevenAs("unsigned");
  repository.keyring = signer_->keyring_path();
  ExpectRefused(repository,
                HasSubstr("has no signature_url to check against keyring"));
}

TEST_F(SignedRemoteFilesTest, MalformedSignatureDigestIsRefused) {
  TestRepository repository =
      SignedSevenAs("malformed_signature_digest", *signer_);
  repository.more_fields += ", " + Field("signature_digest", "sha256:abc");
  ExpectRefused(repository,
                HasSubstr("signature_digest \"sha256:abc\" of " +
                          repository.url + ": must be sha256:<hex>"));
}

TEST_F(SignedRemoteFilesTest, ReplacedSignatureIsRefused) {
  TestRepository repository = SignedSevenAs("replaced_signature", *signer_);
  const std::string other = Sha256Digest("another signature");
  repository.more_fields += ", " + Field("signature_digest", other);
  ExpectRefused(repository, HasSubstr(std::string(DigestHex(other))));
}

}  // namespace
}  // namespace gantry::rules
