#include "release/publish/input_store.h"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/subprocess.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "release/publish/input_digest.h"
#include "tests/fixtures/registry.h"

namespace gantry::publish {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A store in a directory, or in a registry.
class InputStoreTest : public testing::TestWithParam<const char*> {
 protected:
  InputStoreTest() : directory_(*TempDir::Create(testing::TempDir())) {}

  void SetUp() override {
    std::string location = PathOf("store");
    if (IsRepository()) {
      fs::create_directories(PathOf("registry"));
      GANTRY_ASSERT_OK_AND_ASSIGN(
          fixtures::Registry registry,
          fixtures::Registry::Start(PathOf("registry")));
      registry_ = std::make_unique<fixtures::Registry>(std::move(registry));
      location = registry_->Repository("fleet/inputs");
    }
    store_ = std::make_unique<InputStore>(location);
  }

  static bool IsRepository() {
    return absl::string_view(GetParam()) == "Repository";
  }

  std::string PathOf(absl::string_view name) const {
    return JoinPath(directory_.path(), name);
  }

  // Writes a file, and returns its path.
  std::string Write(absl::string_view name, absl::string_view content) const {
    EXPECT_THAT(WriteFileAtomically(PathOf(name), content), IsOk());
    return PathOf(name);
  }

  const TempDir directory_;
  std::unique_ptr<fixtures::Registry> registry_;
  std::unique_ptr<InputStore> store_;
};

TEST_P(InputStoreTest, IsEmptyBeforeTheFirstPut) {
  const std::string digest = Sha256Digest("x");
  EXPECT_THAT(store_->List(), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(store_->Has(digest), IsOkAndHolds(false));
  EXPECT_THAT(store_->Remove(digest), IsOk());
}

TEST_P(InputStoreTest, KeepsFilesByBothKindsOfDigest) {
  const std::string path = Write("g++_12-1_amd64.deb", "package");
  const std::string sha256 = Sha256Digest("package");
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::string sha512, FileSha512Digest(path));
  const std::string other = Sha256Digest("other");
  const absl::Time before = absl::Now() - absl::Seconds(2);
  // The second time nothing changes.
  for (int time = 1; time <= 2; ++time) {
    ASSERT_THAT(store_->Put(sha256, path), IsOk());
    ASSERT_THAT(store_->Put(sha512, path), IsOk());
  }
  EXPECT_THAT(store_->FindMissing({sha256, other, sha512}),
              IsOkAndHolds(ElementsAre(other)));
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<StoredInput> inputs,
                              store_->List());
  ASSERT_EQ(inputs.size(), 2u);
  EXPECT_EQ(inputs[0].digest, sha256);
  EXPECT_EQ(inputs[1].digest, sha512);
  for (const StoredInput& input : inputs) {
    EXPECT_GE(input.time, before);
    EXPECT_LE(input.time, absl::Now() + absl::Seconds(2));
  }

  ASSERT_THAT(store_->Remove(sha256), IsOk());
  EXPECT_THAT(store_->Has(sha256), IsOkAndHolds(false));
  EXPECT_THAT(store_->Has(sha512), IsOkAndHolds(true));
}

TEST_P(InputStoreTest, FileWithAnotherDigestIsDataLoss) {
  const std::string expected = Sha256Digest("original");
  const std::string path = Write("file", "altered");
  EXPECT_THAT(store_->Put(expected, path),
              StatusIs(absl::StatusCode::kDataLoss,
                       AllOf(HasSubstr(path), HasSubstr(expected),
                             HasSubstr(Sha256Digest("altered")))));
  EXPECT_THAT(store_->List(), IsOkAndHolds(IsEmpty()));
}

TEST_P(InputStoreTest, MissingFileIsNotFound) {
  EXPECT_THAT(store_->Put(Sha256Digest("x"), PathOf("none")),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("none")));
}

TEST_P(InputStoreTest, MalformedDigestsAreInvalid) {
  const std::string path = Write("file", "x");
  for (const std::string& bad :
       {std::string(), std::string("sha256"), std::string("sha256:"),
        std::string("md5:00"), "sha512:" + std::string(64, 'a'),
        "sha256:" + std::string(64, 'A'),
        "sha256:../" + std::string(61, 'a')}) {
    EXPECT_THAT(store_->Put(bad, path),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(bad)));
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, InputStoreTest,
                         testing::Values("Directory", "Repository"),
                         [](const auto& test) {
                           return std::string(test.param);
                         });

TEST(InputDirectoryTest, FilesAreNamedByTheirDigest) {
  const TempDir directory = *TempDir::Create(testing::TempDir());
  const std::string path = JoinPath(directory.path(), "file");
  ASSERT_THAT(WriteFileAtomically(path, "x"), IsOk());
  const std::string digest = Sha256Digest("x");
  ASSERT_THAT(InputStore(directory.path()).Put(digest, path), IsOk());
  const std::string stored =
      absl::StrCat(directory.path(), "/sha256/", DigestHex(digest));
  EXPECT_THAT(ReadFile(stored), IsOkAndHolds("x"));
  struct stat file;
  ASSERT_EQ(stat(stored.c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0644u);
}

TEST(InputDirectoryTest, UnfinishedFilesAreNotListed) {
  const TempDir directory = *TempDir::Create(testing::TempDir());
  fs::create_directories(JoinPath(directory.path(), "sha256"));
  ASSERT_THAT(
      WriteFileAtomically(absl::StrCat(directory.path(), "/sha256/",
                                       DigestHex(Sha256Digest("x")), ".a1b2c3"),
                          "x"),
      IsOk());
  EXPECT_THAT(InputStore(directory.path()).List(), IsOkAndHolds(IsEmpty()));
}

TEST(InputRepositoryTest, ArtifactHasTheFilesName) {
  const TempDir directory = *TempDir::Create(testing::TempDir());
  GANTRY_ASSERT_OK_AND_ASSIGN(const fixtures::Registry registry,
                              fixtures::Registry::Start(directory.path()));
  const std::string path = JoinPath(directory.path(), "g++_12-1_amd64.deb");
  ASSERT_THAT(WriteFileAtomically(path, "x"), IsOk());
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::string digest, FileSha512Digest(path));
  const std::string repository = registry.Repository("inputs");
  ASSERT_THAT(InputStore(repository).Put(digest, path), IsOk());
  EXPECT_THAT(
      RunCommand({"skopeo", "inspect", "--raw", "--tls-verify=false",
                  absl::StrCat("docker://", repository, ":input-sha512-",
                               digest.substr(7, 64))}),
      IsOkAndHolds(AllOf(HasSubstr("\"g++_12-1_amd64.deb\""),
                         HasSubstr("\"application/vnd.gantry.input.v1\""),
                         HasSubstr(digest), HasSubstr(Sha256Digest("x")))));
}

TEST(InputRepositoryTest, UnreachableRegistryIsUnavailable) {
  // Nothing listens on port 1.
  const InputStore store("127.0.0.1:1/inputs");
  EXPECT_THAT(store.Has(Sha256Digest("x")),
              StatusIs(absl::StatusCode::kUnavailable,
                       HasSubstr("127.0.0.1:1/inputs")));
}

TEST(InputLocationTest, DirectoriesBecomeAbsolute) {
  ASSERT_EQ(setenv("BUILD_WORKING_DIRECTORY", "/home/user", 1), 0);
  EXPECT_EQ(InputLocation("/srv/inputs"), "/srv/inputs");
  EXPECT_EQ(InputLocation("./inputs"), "/home/user/inputs");
  EXPECT_EQ(InputLocation("../inputs"), "/home/inputs");
  EXPECT_EQ(InputLocation("registry.example/inputs"),
            "registry.example/inputs");
  EXPECT_EQ(InputLocation(""), "");
  unsetenv("BUILD_WORKING_DIRECTORY");
}

}  // namespace
}  // namespace gantry::publish
