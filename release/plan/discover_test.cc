#include "release/plan/discover.h"

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/state_dir.h"
#include "base/status_matchers.h"
#include "base/temp_dir.h"
#include "base/textproto.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "release/plan/lock_file.h"
#include "tests/fixtures/fake_release_site.h"

namespace gantry::plan {
namespace {

namespace fs = std::filesystem;
using ::gantry::fixtures::FakeRelease;
using ::gantry::fixtures::FakeReleaseSite;
using ::gantry::matrix::v1::Lock;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// `printf container | sha512sum`, and the same of "kernel".
constexpr char kContainerSha512[] =
    "55621a5eab331202cefa53b6e56ea004b1ea3a346fe8f81ca0b2b403f758b7de"
    "4fe37642af1f69546f1bdeacb72ac2a51be424e212f83826930f9ed5d7f33957";
constexpr char kKernelSha512[] =
    "d51a20d67571fe70bcd6c36e1382a3c342f42671c710090b75fcfc2405ce2448"
    "8e03a7131eefe4751d0bd3aeaad816605ad10c8e3258d72fcf379e32416cbf3b";

// %SITE% stands for the URL of the site.
constexpr char kMatrix[] = R"pb(
  operating_systems {
    family: FAMILY_FLATCAR
    base_url: "%SITE%/{channel}"
    index_url: "%SITE%/releases-{channel}.json"
    keyring: "keys/flatcar.asc"
    channels { name: "stable" }
    channels { name: "beta" newest: 2 }
  }
  operating_systems {
    family: FAMILY_COREOS
    base_url: "%SITE%/{channel}/"
    keyring: "keys/flatcar.asc"
    channels { name: "alpha" versions: "2023.4.0" }
  }
  drivers {
    version: "1.0"
    archive {
      url: "%SITE%/crane.tar"
      digest: "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
      modules: "crane"
    }
    patches { file: "patches/a.patch" reason: "why" }
  }
  cuda_toolkits {
    version: "12.4.1"
    redist { base_url: "%SITE%/cuda" components: "cuda_cudart" }
  }
  exclusions { channel: "beta" reason: "only stable" }
)pb";

// A matrix, and a site with releases and toolkits.
class DiscoverTest : public testing::Test {
 protected:
  void SetUp() override {
    GANTRY_ASSERT_OK_AND_ASSIGN(TempDir directory, TempDir::Create());
    directory_ = std::make_unique<TempDir>(std::move(directory));
    GANTRY_ASSERT_OK_AND_ASSIGN(StateDir state,
                                StateDir::Open(PathOf("state")));
    state_ = std::make_unique<StateDir>(std::move(state));
    fs::create_directory(PathOf("site"));
    GANTRY_ASSERT_OK_AND_ASSIGN(FakeReleaseSite site,
                                FakeReleaseSite::Create(PathOf("site")));
    site_ = std::make_unique<FakeReleaseSite>(std::move(site));
    PublishEverything();
    WriteMatrix();
  }

  void PublishEverything() {
    ASSERT_THAT(WriteFileAtomically(PathOf("container"), "container"), IsOk());
    ASSERT_THAT(WriteFileAtomically(PathOf("kernel"), "kernel"), IsOk());
    for (const FakeRelease& release :
         {Stable("4230.2.0"), Beta("4300.1.0"), Beta("4290.1.2"),
          Beta("4290.1.10"), Release("coreos", "alpha", "2023.4.0")}) {
      ASSERT_THAT(site_->Publish(release), IsOk());
    }
    ASSERT_THAT(site_->Write("releases-beta.json", R"({
                "current": {"channel": "beta"},
                "4300.1.0": {"channel": "beta"},
                "4290.1.2": {"channel": "beta"},
                "4290.1.10": {}})"),
                IsOk());
    ASSERT_THAT(site_->Write("cuda/redistrib_12.4.1.json", R"({
                "cuda_cudart": {"linux-x86_64": {
                  "relative_path": "c.tar.xz", "size": "5", "sha256":
                  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
                }}})"),
                IsOk());
  }

  void WriteMatrix() {
    fs::create_directories(PathOf("matrix/keys"));
    fs::create_directories(PathOf("matrix/patches"));
    ASSERT_THAT(WriteFileAtomically(
                    matrix_path(),
                    absl::StrReplaceAll(kMatrix, {{"%SITE%", site_->url()}})),
                IsOk());
    ASSERT_THAT(
        WriteFileAtomically(PathOf("matrix/patches/a.patch"), "--- a/x\n"),
        IsOk());
    fs::copy_file(site_->signer().public_key_path(),
                  PathOf("matrix/keys/flatcar.asc"));
  }

  void ReplaceInMatrix(absl::string_view old, absl::string_view replacement) {
    GANTRY_ASSERT_OK_AND_ASSIGN(const std::string text,
                                ReadFile(matrix_path()));
    ASSERT_THAT(text, HasSubstr(std::string(old)));
    ASSERT_THAT(
        WriteFileAtomically(matrix_path(),
                            absl::StrReplaceAll(text, {{old, replacement}})),
        IsOk());
  }

  FakeRelease Release(absl::string_view family, absl::string_view channel,
                      absl::string_view version) const {
    return {std::string(family), std::string(channel), std::string(version),
            PathOf("container"), PathOf("kernel")};
  }
  FakeRelease Stable(absl::string_view version) const {
    return Release("flatcar", "stable", version);
  }
  FakeRelease Beta(absl::string_view version) const {
    return Release("flatcar", "beta", version);
  }

  std::string PathOf(absl::string_view path) const {
    return JoinPath(directory_->path(), path);
  }
  std::string matrix_path() const { return PathOf("matrix/matrix.textproto"); }

  absl::StatusOr<Lock> RunDiscover(std::vector<std::string> channels = {}) {
    DiscoverOptions options;
    options.matrix_path = matrix_path();
    options.channels = std::move(channels);
    return Discover(options, *state_);
  }

  // Runs discovery and writes its lock.
  Lock DiscoverAndWriteLock() {
    const auto lock = RunDiscover();
    EXPECT_THAT(lock, IsOk());
    if (!lock.ok()) return Lock();
    EXPECT_THAT(WriteLock(*lock, *state_), IsOk());
    return *lock;
  }

  std::string Url(absl::string_view path) const { return site_->Url(path); }

  std::unique_ptr<TempDir> directory_;
  std::unique_ptr<StateDir> state_;
  std::unique_ptr<FakeReleaseSite> site_;
};

std::vector<std::string> ReleaseNames(const Lock& lock) {
  std::vector<std::string> names;
  for (const auto& release : lock.releases()) names.push_back(release.name());
  return names;
}

TEST_F(DiscoverTest, NewestReleasesAreLockedOrderedByName) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock lock, RunDiscover());
  EXPECT_THAT(ReleaseNames(lock),
              ElementsAre("coreos-2023.4.0", "flatcar-4230.2.0",
                          "flatcar-4290.1.10", "flatcar-4300.1.0"));
}

TEST_F(DiscoverTest, ReleaseHasFilesWithDigestsAndSignatures) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock lock, RunDiscover());
  const auto& release = lock.releases(1);
  EXPECT_THAT(release.channels(), ElementsAre("stable"));
  EXPECT_EQ(release.version(), "4230.2.0");
  const FakeRelease stable = Stable("4230.2.0");
  const auto& container = release.developer_container();
  EXPECT_EQ(container.url(), Url(stable.PathOf(stable.container_name())));
  EXPECT_EQ(container.digest(), absl::StrCat("sha512:", kContainerSha512));
  EXPECT_EQ(container.signature_url(), container.url() + ".sig");
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const std::string signature,
      ReadFile(site_->PathOf(stable.PathOf(stable.container_name() + ".sig"))));
  EXPECT_EQ(container.signature_digest(), Sha256Digest(signature));
  EXPECT_EQ(release.kernel_image().url(),
            Url(stable.PathOf(stable.kernel_name())));
  EXPECT_EQ(fs::path(release.keyring()).parent_path(), state_->keyrings_path());
  EXPECT_TRUE(fs::exists(release.keyring()));
}

TEST_F(DiscoverTest, DriverHasArchiveAndPatches) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock lock, RunDiscover());
  ASSERT_EQ(lock.drivers_size(), 1);
  EXPECT_EQ(lock.drivers(0).source().url(), Url("crane.tar"));
  EXPECT_THAT(lock.drivers(0).modules(), ElementsAre("crane"));
  EXPECT_EQ(lock.drivers(0).patches(0).content(), "--- a/x\n");
  EXPECT_EQ(lock.drivers(0).patches(0).name(), "a.patch");
}

TEST_F(DiscoverTest, ToolkitHasComponents) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock lock, RunDiscover());
  ASSERT_EQ(lock.cuda_toolkits_size(), 1);
  EXPECT_EQ(lock.cuda_toolkits(0).components(0).url(), Url("cuda/c.tar.xz"));
}

TEST_F(DiscoverTest, EveryCombinationIsACell) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock lock, RunDiscover());
  ASSERT_EQ(lock.cells_size(), 4);
  EXPECT_EQ(lock.cells(1).id(), "flatcar-4230.2.0-1.0-cuda12.4.1");
  EXPECT_EQ(lock.cells(1).exclusion_reason(), "");
  EXPECT_EQ(lock.cells(2).exclusion_reason(), "only stable");
}

// Older releases have one .DIGESTS for all PXE files.
TEST_F(DiscoverTest, DigestIsFoundInASharedDigestsFile) {
  const FakeRelease stable = Stable("4230.2.0");
  fs::rename(
      site_->PathOf(stable.PathOf("flatcar_production_pxe.vmlinuz.DIGESTS")),
      site_->PathOf(stable.PathOf("flatcar_production_pxe.DIGESTS")));
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock lock, RunDiscover());
  EXPECT_EQ(lock.releases(1).kernel_image().digest(),
            absl::StrCat("sha512:", kKernelSha512));
}

TEST_F(DiscoverTest, SameAnswersGiveTheSameBytes) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock first, RunDiscover());
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock second, RunDiscover());
  EXPECT_EQ(FormatTextProto(first), FormatTextProto(second));
}

TEST_F(DiscoverTest, WithoutALockAllChannelsAreResolved) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock lock, RunDiscover({"stable"}));
  EXPECT_EQ(lock.releases_size(), 4);
}

TEST_F(DiscoverTest, ChannelsThatAreNotRequestedAreCopiedFromTheLock) {
  DiscoverAndWriteLock();
  ASSERT_THAT(site_->Publish(Stable("4230.2.1")), IsOk());
  fs::remove_all(site_->PathOf("beta"));
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock lock, RunDiscover({"stable"}));
  EXPECT_THAT(ReleaseNames(lock),
              ElementsAre("coreos-2023.4.0", "flatcar-4230.2.1",
                          "flatcar-4290.1.10", "flatcar-4300.1.0"));
  EXPECT_EQ(lock.cells_size(), 4);
}

// CoreOS promotes a release from one channel to the next.
TEST_F(DiscoverTest, PromotedReleaseIsInBothChannels) {
  ReplaceInMatrix("channels { name: \"alpha\" versions: \"2023.4.0\" }",
                  "channels { name: \"alpha\" versions: \"2023.4.0\" }"
                  "channels { name: \"beta\" }");
  ASSERT_THAT(site_->Publish(Release("coreos", "beta", "2023.4.0")), IsOk());
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock lock, RunDiscover());
  ASSERT_EQ(lock.releases_size(), 4);
  EXPECT_EQ(lock.releases(0).name(), "coreos-2023.4.0");
  EXPECT_THAT(lock.releases(0).channels(), ElementsAre("alpha", "beta"));
  EXPECT_THAT(lock.cells(0).channels(), ElementsAre("alpha", "beta"));
  EXPECT_EQ(lock.cells(0).exclusion_reason(), "") << "only beta is excluded";
}

TEST_F(DiscoverTest, ReleaseLeavesOnlyTheChannelThatHasMovedOn) {
  ReplaceInMatrix("channels { name: \"alpha\" versions: \"2023.4.0\" }",
                  "channels { name: \"alpha\" } channels { name: \"beta\" }");
  ASSERT_THAT(site_->Publish(Release("coreos", "beta", "2023.4.0")), IsOk());
  DiscoverAndWriteLock();
  ASSERT_THAT(site_->Publish(Release("coreos", "alpha", "2051.0.0")), IsOk());
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock lock, RunDiscover({"alpha"}));
  ASSERT_EQ(lock.releases_size(), 5);
  EXPECT_EQ(lock.releases(0).name(), "coreos-2023.4.0");
  EXPECT_THAT(lock.releases(0).channels(), ElementsAre("beta"));
  EXPECT_EQ(lock.releases(1).name(), "coreos-2051.0.0");
  EXPECT_THAT(lock.releases(1).channels(), ElementsAre("alpha"));
}

TEST_F(DiscoverTest, LockOfAnOlderSchemaIsNotUsed) {
  const Lock lock = DiscoverAndWriteLock();
  ASSERT_THAT(
      WriteFileAtomically(
          state_->lock_path(),
          absl::StrReplaceAll(FormatTextProto(lock),
                              {{"channels: \"beta\"", "channel: \"beta\""}})),
      IsOk());
  fs::remove_all(site_->PathOf("beta"));
  EXPECT_THAT(RunDiscover({"stable"}), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(DiscoverTest, UnknownChannelIsInvalid) {
  EXPECT_THAT(
      RunDiscover({"gamma"}),
      StatusIs(absl::StatusCode::kInvalidArgument,
               matrix_path() +
                   ": unknown channel \"gamma\"; expected one of alpha, "
                   "beta, stable"));
}

TEST_F(DiscoverTest, AlteredVersionTxtIsDataLoss) {
  ASSERT_THAT(site_->Write(Stable("4230.2.0").PathOf("version.txt"),
                           "FLATCAR_VERSION_ID=4230.2.1\n"),
              IsOk());
  EXPECT_THAT(
      RunDiscover(),
      StatusIs(absl::StatusCode::kDataLoss,
               absl::StrCat("channel \"stable\": ",
                            Url("stable/amd64-usr/current/version.txt"),
                            ": signature refused: the file does not match "
                            "the signature by key ",
                            site_->signer().fingerprint())));
}

TEST_F(DiscoverTest, MissingSignatureIsNotFound) {
  fs::remove(site_->PathOf(Stable("4230.2.0").PathOf("version.txt.sig")));
  EXPECT_THAT(
      RunDiscover(),
      StatusIs(absl::StatusCode::kNotFound,
               absl::StrCat("channel \"stable\": ",
                            Url("stable/amd64-usr/current/version.txt.sig"),
                            ": the server answered 404")));
}

TEST_F(DiscoverTest, DirectoryOfAnotherReleaseIsDataLoss) {
  for (const char* name : {"version.txt", "version.txt.sig"}) {
    fs::copy_file(site_->PathOf(Beta("4290.1.2").PathOf(name)),
                  site_->PathOf(Beta("4300.1.0").PathOf(name)),
                  fs::copy_options::overwrite_existing);
  }
  EXPECT_THAT(RunDiscover(),
              StatusIs(absl::StatusCode::kDataLoss,
                       absl::StrCat("channel \"beta\": ",
                                    Url(Beta("4300.1.0").PathOf("version.txt")),
                                    ": has version 4290.1.2, expected "
                                    "4300.1.0")));
}

TEST_F(DiscoverTest, MalformedDigestIsDataLoss) {
  const FakeRelease stable = Stable("4230.2.0");
  const std::string path = stable.PathOf(stable.container_name() + ".DIGESTS");
  ASSERT_THAT(site_->Write(path, absl::StrCat("# SHA512 HASH\n12  ",
                                              stable.container_name(), "\n")),
              IsOk());
  EXPECT_THAT(RunDiscover(),
              StatusIs(absl::StatusCode::kDataLoss,
                       absl::StrCat("channel \"stable\": ", Url(path),
                                    ": malformed SHA-512 \"12\" of ",
                                    stable.container_name())));
}

TEST_F(DiscoverTest, MissingDigestsFileIsNotFound) {
  const FakeRelease stable = Stable("4230.2.0");
  const std::string path = stable.PathOf(stable.container_name() + ".DIGESTS");
  fs::remove(site_->PathOf(path));
  EXPECT_THAT(RunDiscover(),
              StatusIs(absl::StatusCode::kNotFound,
                       absl::StrCat("channel \"stable\": ", Url(path),
                                    ": the server answered 404")));
}

TEST_F(DiscoverTest, MalformedReleaseIndexIsDataLoss) {
  ASSERT_THAT(site_->Write("releases-beta.json", "<html></html>"), IsOk());
  EXPECT_THAT(RunDiscover(), StatusIs(absl::StatusCode::kDataLoss,
                                      HasSubstr(Url("releases-beta.json") +
                                                ": release index: ")));
}

TEST_F(DiscoverTest, UnreachableServerLeavesTheLockUnchanged) {
  const Lock lock = DiscoverAndWriteLock();
  const std::string url = site_->url();
  site_.reset();
  EXPECT_THAT(RunDiscover(),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr(url)));
  EXPECT_THAT(ReadFile(state_->lock_path()),
              IsOkAndHolds(FormatTextProto(lock)));
}

TEST_F(DiscoverTest, SyntaxErrorInTheMatrixNamesItsLine) {
  ASSERT_THAT(
      WriteFileAtomically(matrix_path(),
                          "operating_systems {\n  famly: FAMILY_DEBIAN\n}\n"),
      IsOk());
  EXPECT_THAT(RunDiscover(), StatusIs(absl::StatusCode::kInvalidArgument,
                                      HasSubstr(matrix_path() + ":2:")));
}

TEST_F(DiscoverTest, InvalidMatrixNamesTheField) {
  ASSERT_THAT(WriteFileAtomically(
                  matrix_path(), "operating_systems { family: FAMILY_DEBIAN }"),
              IsOk());
  EXPECT_THAT(RunDiscover(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       matrix_path() +
                           ": operating_systems[0].debian_suite: required"));
}

TEST_F(DiscoverTest, MissingPatchIsNotFound) {
  fs::remove(PathOf("matrix/patches/a.patch"));
  EXPECT_THAT(RunDiscover(),
              StatusIs(absl::StatusCode::kNotFound,
                       HasSubstr(PathOf("matrix/patches/a.patch"))));
}

TEST_F(DiscoverTest, MissingKeyringIsNotFound) {
  fs::remove(PathOf("matrix/keys/flatcar.asc"));
  EXPECT_THAT(RunDiscover(),
              StatusIs(absl::StatusCode::kNotFound,
                       HasSubstr(PathOf("matrix/keys/flatcar.asc"))));
}

}  // namespace
}  // namespace gantry::plan
