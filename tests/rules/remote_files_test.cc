// remote_files verifies what it downloads, and says what is wrong.

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fixtures/file_server.h"
#include "tests/rules/nested_workspace.h"

namespace gantry::rules {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr absl::string_view kContent = "seven\n";

class RemoteFilesTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto workspace = NestedWorkspace::Create();
    ASSERT_TRUE(workspace.ok()) << workspace.status();
    workspace_ = std::make_unique<NestedWorkspace>(*std::move(workspace));
    ASSERT_TRUE(workspace_->Write("seven.txt", kContent).ok());
  }
  static void TearDownTestSuite() { workspace_.reset(); }

  // JSON of a RemoteFile with `fields` after the URL.
  static std::string Json(absl::string_view url, absl::string_view fields) {
    return absl::StrCat(R"({"url": ")", url, R"(", )", fields, "}");
  }

  static std::string FileUrl(absl::string_view name) {
    return absl::StrCat("file://", workspace_->PathOf(name));
  }

  // Fetches `repository` with one file; returns what Bazel said.
  static SubprocessResult Fetch(absl::string_view repository,
                                absl::string_view json,
                                absl::string_view keyring = "") {
    const auto result = workspace_->Fetch(
        absl::StrCat("load(\"//builder:repositories.bzl\", \"remote_files\")\n"
                     "remote_files(name = \"",
                     repository, "\", files = ['", json, "'], keyring = \"",
                     keyring, "\")\n"),
        absl::StrCat("@", repository, "//:all"));
    EXPECT_TRUE(result.ok()) << result.status();
    return *result;
  }

  static void Gpg(const TempDir& home,
                  const std::vector<std::string>& arguments) {
    std::vector<std::string> argv = {"gpg", "--batch", "--quiet", "--homedir",
                                     home.path()};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    const auto output = RunCommand(argv);
    ASSERT_TRUE(output.ok()) << output.status();
  }

  static std::unique_ptr<NestedWorkspace> workspace_;
};

std::unique_ptr<NestedWorkspace> RemoteFilesTest::workspace_;

TEST_F(RemoteFilesTest, GoodFileBecomesATarget) {
  const SubprocessResult result = Fetch(
      "good",
      Json(FileUrl("seven.txt"), absl::StrCat(R"("size": "6", "digest": ")",
                                              Sha256Digest(kContent), "\"")));
  EXPECT_EQ(result.exit_code, 0) << result.output;
  EXPECT_EQ(*ReadFile(workspace_->Fetched("good", "seven.txt")), kContent);
}

TEST_F(RemoteFilesTest, WrongSha256NamesBothDigests) {
  const std::string wanted = std::string(64, 'a');
  const SubprocessResult result =
      Fetch("wrong_sha256",
            Json(FileUrl("seven.txt"),
                 absl::StrCat(R"("digest": "sha256:)", wanted, "\"")));
  EXPECT_NE(result.exit_code, 0);
  EXPECT_THAT(result.output,
              AllOf(HasSubstr("seven.txt"), HasSubstr(wanted),
                    HasSubstr(DigestHex(Sha256Digest(kContent)))));
  EXPECT_FALSE(ReadFile(workspace_->Fetched("wrong_sha256", "seven.txt")).ok());
}

TEST_F(RemoteFilesTest, WrongSizeNamesBothSizes) {
  const SubprocessResult result = Fetch(
      "wrong_size",
      Json(FileUrl("seven.txt"), absl::StrCat(R"("size": 7, "digest": ")",
                                              Sha256Digest(kContent), "\"")));
  EXPECT_NE(result.exit_code, 0);
  EXPECT_THAT(result.output,
              HasSubstr("@wrong_size: seven.txt has 6 bytes, not 7"));
  EXPECT_FALSE(ReadFile(workspace_->Fetched("wrong_size", "seven.txt")).ok());
}

TEST_F(RemoteFilesTest, MalformedDigestIsRefused) {
  const SubprocessResult result = Fetch(
      "malformed", Json(FileUrl("seven.txt"), R"("digest": "sha512:abcd")"));
  EXPECT_NE(result.exit_code, 0);
  EXPECT_THAT(result.output, HasSubstr("wants sha256:<hex> or sha512:<hex>"));
}

TEST_F(RemoteFilesTest, PackageThatTheMirrorLostNamesTheRemedy) {
  auto server = fixtures::FileServer::Start(workspace_->PathOf("ws"));
  ASSERT_TRUE(server.ok()) << server.status();
  const SubprocessResult result = Fetch(
      "lost", Json(server->Url("lost_1.0%2bdeb12_amd64.deb"),
                   absl::StrCat(R"("digest": ")", Sha256Digest(""), "\"")));
  EXPECT_NE(result.exit_code, 0);
  EXPECT_THAT(result.output, AllOf(HasSubstr("@lost: apt could not download"),
                                   HasSubstr("lost_1.0%2bdeb12_amd64.deb"),
                                   HasSubstr("run discovery again")));
}

TEST_F(RemoteFilesTest, SignatureAndSha512AreChecked) {
  // The path of gpg-agent's socket has to be short.
  auto home = TempDir::Create("/tmp");
  ASSERT_TRUE(home.ok()) << home.status();
  Gpg(*home, {"--passphrase", "", "--quick-gen-key", "releases@gantry.test",
              "ed25519"});
  const std::string keyring = workspace_->PathOf("keyring.gpg");
  Gpg(*home, {"--output", keyring, "--export"});
  Gpg(*home, {"--output", workspace_->PathOf("seven.txt.sig"), "--detach-sign",
              workspace_->PathOf("seven.txt")});
  ASSERT_TRUE(workspace_->Write("eight.txt", "eight\n").ok());

  const auto sum = RunCommand({"sha512sum", workspace_->PathOf("seven.txt")});
  const std::string signed_seven =
      absl::StrCat(R"("digest": "sha512:)", sum->substr(0, 128),
                   R"(", "signature_url": ")", FileUrl("seven.txt.sig"), "\"");
  const SubprocessResult good =
      Fetch("signed", Json(FileUrl("seven.txt"), signed_seven), keyring);
  EXPECT_EQ(good.exit_code, 0) << good.output;

  const SubprocessResult other =
      Fetch("other_signature",
            Json(FileUrl("eight.txt"),
                 absl::StrCat(R"("digest": ")", Sha256Digest("eight\n"),
                              R"(", "signature_url": ")",
                              FileUrl("seven.txt.sig"), "\"")),
            keyring);
  EXPECT_NE(other.exit_code, 0);
  EXPECT_THAT(other.output,
              AllOf(HasSubstr("@other_signature: eight.txt: "),
                    HasSubstr("is no good signature by a key of " + keyring),
                    HasSubstr("BAD signature")));
  EXPECT_FALSE(
      ReadFile(workspace_->Fetched("other_signature", "eight.txt")).ok());

  const SubprocessResult unsigned_file =
      Fetch("unsigned",
            Json(FileUrl("seven.txt"),
                 absl::StrCat(R"("digest": ")", Sha256Digest(kContent), "\"")),
            keyring);
  EXPECT_NE(unsigned_file.exit_code, 0);
  EXPECT_THAT(unsigned_file.output,
              HasSubstr("has no signature_url to check against keyring"));

  // A signature is pinned like any other file that is fetched.
  const SubprocessResult malformed =
      Fetch("malformed_signature_digest",
            Json(FileUrl("seven.txt"),
                 signed_seven + R"(, "signature_digest": "sha256:abc")"),
            keyring);
  EXPECT_NE(malformed.exit_code, 0);
  EXPECT_THAT(malformed.output,
              HasSubstr("signature_digest \"sha256:abc\" of " +
                        FileUrl("seven.txt") + ": wants sha256:<hex>"));
  const SubprocessResult replaced =
      Fetch("replaced_signature",
            Json(FileUrl("seven.txt"),
                 absl::StrCat(signed_seven, R"(, "signature_digest": ")",
                              Sha256Digest("another signature"), "\"")),
            keyring);
  EXPECT_NE(replaced.exit_code, 0);
  EXPECT_THAT(
      replaced.output,
      HasSubstr(std::string(DigestHex(Sha256Digest("another signature")))));

  const std::string wanted(128, 'b');
  const SubprocessResult wrong = Fetch(
      "wrong_sha512",
      Json(FileUrl("seven.txt"), absl::StrCat(R"("digest": "sha512:)", wanted,
                                              R"(", "signature_url": ")",
                                              FileUrl("seven.txt.sig"), "\"")),
      keyring);
  EXPECT_NE(wrong.exit_code, 0);
  EXPECT_THAT(wrong.output, AllOf(HasSubstr("seven.txt"), HasSubstr(wanted),
                                  HasSubstr(sum->substr(0, 128))));
}

}  // namespace
}  // namespace gantry::rules
