// Tests that remote_files takes from the input store what its origin no longer
// has.

#include "release/publish/input_store.h"

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/subprocess.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fixtures/file_server.h"
#include "tests/fixtures/openpgp_signer.h"
#include "tests/fixtures/registry.h"
#include "tests/rules/nested_workspace.h"

namespace gantry::rules {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

// A server, the origin of files, and a store in a directory.  Each test has its
// own files.
class InputStoreTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    GANTRY_ASSERT_OK_AND_ASSIGN(NestedWorkspace workspace,
                                NestedWorkspace::Create());
    workspace_ = new NestedWorkspace(std::move(workspace));
    fs::create_directories(workspace_->PathOf("origin"));
    GANTRY_ASSERT_OK_AND_ASSIGN(
        fixtures::FileServer origin,
        fixtures::FileServer::Start(workspace_->PathOf("origin")));
    origin_ = new fixtures::FileServer(std::move(origin));
  }
  static void TearDownTestSuite() {
    delete origin_;
    delete workspace_;
  }

  static std::string PathOf(absl::string_view name) {
    return workspace_->PathOf(name);
  }

  // The path of a file of the origin.
  static std::string Origin(absl::string_view name) {
    return PathOf(absl::StrCat("origin/", name));
  }

  // Writes a file to the origin; returns its JSON object, with the digest that
  // `digest` makes and further fields, each after a comma.
  static std::string Publish(absl::string_view name,
                             absl::StatusOr<std::string> (*digest)(
                                 const std::string&) = &FileSha256Digest,
                             absl::string_view more_fields = "") {
    EXPECT_THAT(WriteFileAtomically(Origin(name), name), IsOk());
    return absl::StrCat(R"('{"url": ")", origin_->Url(name),
                        R"(", "digest": ")", *digest(Origin(name)), "\"",
                        more_fields, "}'");
  }

  // Puts a file of the origin into a store.
  static void Keep(const std::string& location, absl::string_view name,
                   const std::string& digest) {
    ASSERT_THAT(publish::InputStore(location).Put(digest, Origin(name)),
                IsOk());
  }

  // Fetches a repository of these files, with `location` as input store.
  static SubprocessResult Fetch(absl::string_view repository,
                                const std::vector<std::string>& files,
                                const std::string& location,
                                absl::string_view more_arguments = "") {
    const auto result = workspace_->Fetch(
        absl::StrCat("load(\"//builder:repositories.bzl\", \"remote_files\")\n"
                     "remote_files(name = \"",
                     repository, "\", files = [", absl::StrJoin(files, ", "),
                     "]", more_arguments, ")\n"),
        absl::StrCat("@", repository, "//:all"), {{"GANTRY_INPUTS", location}});
    EXPECT_THAT(result, IsOk());
    return result.value_or(SubprocessResult());
  }

  static void ExpectFetched(absl::string_view repository,
                            absl::string_view name) {
    EXPECT_THAT(ReadFile(workspace_->Fetched(repository, name)),
                IsOkAndHolds(std::string(name)));
  }

  static NestedWorkspace* workspace_;
  static fixtures::FileServer* origin_;
};

NestedWorkspace* InputStoreTest::workspace_ = nullptr;
fixtures::FileServer* InputStoreTest::origin_ = nullptr;

TEST_F(InputStoreTest, DirectoryHasWhatTheOriginLost) {
  const std::string store = PathOf("store");
  const std::string old = Publish("old");
  const std::string old_512 = Publish("old512", &FileSha512Digest);
  const std::string kept = Publish("kept");
  Keep(store, "old", Sha256Digest("old"));
  Keep(store, "old512", *FileSha512Digest(Origin("old512")));
  fs::remove(Origin("old"));
  fs::remove(Origin("old512"));
  const SubprocessResult result =
      Fetch("from_directory", {old, old_512, kept}, store);
  EXPECT_EQ(result.exit_code, 0) << result.output;
  for (const char* name : {"old", "old512", "kept"}) {
    ExpectFetched("from_directory", name);
  }
}

TEST_F(InputStoreTest, RegistryHasWhatTheOriginLost) {
  fs::create_directories(PathOf("registry"));
  GANTRY_ASSERT_OK_AND_ASSIGN(const fixtures::Registry registry,
                              fixtures::Registry::Start(PathOf("registry")));
  const std::string store = registry.Repository("fleet/inputs");
  const std::string old = Publish("pushed");
  const std::string old_512 = Publish("pushed512", &FileSha512Digest);
  Keep(store, "pushed", Sha256Digest("pushed"));
  Keep(store, "pushed512", *FileSha512Digest(Origin("pushed512")));
  fs::remove(Origin("pushed"));
  fs::remove(Origin("pushed512"));
  const SubprocessResult result = Fetch("from_registry", {old, old_512}, store);
  EXPECT_EQ(result.exit_code, 0) << result.output;
  ExpectFetched("from_registry", "pushed");
  ExpectFetched("from_registry", "pushed512");
}

TEST_F(InputStoreTest, PackagesThatTheArchiveLostAreTaken) {
  const std::string store = PathOf("store");
  const std::string old = Publish("old_1_all.deb");
  const std::string kept = Publish("kept_1_all.deb");
  Keep(store, "old_1_all.deb", Sha256Digest("old_1_all.deb"));
  fs::remove(Origin("old_1_all.deb"));
  const SubprocessResult result = Fetch("packages", {old, kept}, store);
  EXPECT_EQ(result.exit_code, 0) << result.output;
  ExpectFetched("packages", "old_1_all.deb");
  ExpectFetched("packages", "kept_1_all.deb");
}

TEST_F(InputStoreTest, ReplacedFilesAreTaken) {
  const std::string store = PathOf("store");
  for (const char* name : {"replaced", "replaced_1_all.deb"}) {
    const std::string file = Publish(name);
    Keep(store, name, Sha256Digest(name));
    ASSERT_THAT(WriteFileAtomically(Origin(name), "another build"), IsOk());
    const std::string repository =
        absl::string_view(name) == "replaced" ? "replaced" : "replaced_deb";
    const SubprocessResult result = Fetch(repository, {file}, store);
    EXPECT_EQ(result.exit_code, 0) << result.output;
    ExpectFetched(repository, name);
  }
}

TEST_F(InputStoreTest, SignaturesAreTakenAndChecked) {
  const std::string store = PathOf("store");
  GANTRY_ASSERT_OK_AND_ASSIGN(const fixtures::OpenPgpSigner signer,
                              fixtures::OpenPgpSigner::Create());
  ASSERT_THAT(WriteFileAtomically(Origin("signed"), "signed"), IsOk());
  ASSERT_THAT(signer.SignFile(Origin("signed")), IsOk());
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::string signature,
                              FileSha256Digest(Origin("signed.sig")));
  const std::string file = Publish(
      "signed", &FileSha256Digest,
      absl::StrCat(R"(, "signature_url": ")", origin_->Url("signed.sig"),
                   R"(", "signature_digest": ")", signature, "\""));
  Keep(store, "signed", Sha256Digest("signed"));
  Keep(store, "signed.sig", signature);
  fs::remove(Origin("signed"));
  fs::remove(Origin("signed.sig"));
  const SubprocessResult result =
      Fetch("signed", {file}, store,
            absl::StrCat(", keyring = \"", signer.keyring_path(), "\""));
  EXPECT_EQ(result.exit_code, 0) << result.output;
  ExpectFetched("signed", "signed");
}

TEST_F(InputStoreTest, AlteredFileInTheStoreIsRefused) {
  const std::string store = PathOf("store");
  const std::string file = Publish("tampered");
  const std::string digest = Sha256Digest("tampered");
  Keep(store, "tampered", digest);
  fs::remove(Origin("tampered"));
  ASSERT_THAT(
      WriteFileAtomically(absl::StrCat(store, "/sha256/", DigestHex(digest)),
                          "something else"),
      IsOk());
  const SubprocessResult result = Fetch("tampered", {file}, store);
  EXPECT_NE(result.exit_code, 0);
  EXPECT_THAT(result.output,
              AllOf(HasSubstr("nor in the input store"),
                    HasSubstr(absl::StrCat("it has digest ",
                                           Sha256Digest("something else"),
                                           ", expected ", digest))));
  EXPECT_THAT(ReadFile(workspace_->Fetched("tampered", "tampered")),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(InputStoreTest, FileThatIsNowhereNamesOriginAndStore) {
  const std::string store = PathOf("store");
  fs::create_directories(store);
  for (const char* name : {"lost", "lost_1_all.deb"}) {
    const std::string file = Publish(name);
    fs::remove(Origin(name));
    const std::string repository =
        absl::string_view(name) == "lost" ? "lost" : "lost_deb";
    const SubprocessResult result = Fetch(repository, {file}, store);
    EXPECT_NE(result.exit_code, 0);
    EXPECT_THAT(
        result.output,
        AllOf(HasSubstr(absl::StrCat(
                  "@", repository, ": ", name, " (", Sha256Digest(name),
                  ") is neither at its origin, ", origin_->Url(name))),
              HasSubstr(absl::StrCat("nor in the input store, ", store,
                                     " (there is no file ", store, "/sha256/",
                                     DigestHex(Sha256Digest(name)), ")"))));
  }
}

TEST_F(InputStoreTest, SettingTheStoreFetchesNothingAgain) {
  const std::string file = Publish("once");
  ASSERT_EQ(Fetch("once", {file}, "").exit_code, 0);
  fs::remove(Origin("once"));
  const SubprocessResult result = Fetch("once", {file}, PathOf("empty_store"));
  EXPECT_EQ(result.exit_code, 0) << result.output;
}

TEST_F(InputStoreTest, RelativeDirectoryIsRefused) {
  const SubprocessResult result =
      Fetch("relative", {Publish("relative")}, "./store");
  EXPECT_NE(result.exit_code, 0);
  EXPECT_THAT(result.output,
              HasSubstr("GANTRY_INPUTS: ./store must be an absolute path"));
}

}  // namespace
}  // namespace gantry::rules
