#include "release/plan/discover.h"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/temp_dir.h"
#include "base/textproto.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "release/plan/lock_file.h"
#include "tests/fixtures/file_server.h"
#include "tests/fixtures/openpgp_signer.h"

namespace gantry::plan {
namespace {

namespace fs = std::filesystem;
using ::gantry::matrix::v1::Lock;
using ::testing::HasSubstr;

constexpr char kSha512[] =
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f";

// %SITE% stands for the server.
constexpr char kMatrix[] = R"pb(
  os {
    family: FAMILY_FLATCAR
    base_url: "%SITE%/{channel}"
    index_url: "%SITE%/releases-{channel}.json"
    keyring: "keys/flatcar.asc"
    channel { name: "stable" }
    channel { name: "beta" newest: 2 }
  }
  os {
    family: FAMILY_COREOS
    base_url: "%SITE%/{channel}/"
    keyring: "keys/flatcar.asc"
    channel { name: "alpha" version: "2023.4.0" }
  }
  driver {
    version: "1.0"
    archive {
      url: "%SITE%/crane.tar"
      digest: "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
      module: "crane"
    }
    patch { file: "patches/a.patch" reason: "why" }
  }
  cuda {
    version: "12.4.1"
    redist { base_url: "%SITE%/cuda" component: "cuda_cudart" }
  }
  exclusion { channel: "beta" reason: "only stable" }
)pb";

// A matrix in one folder, and a server of releases and toolkits.
class DiscoverTest : public testing::Test {
 protected:
  void SetUp() override {
    auto folder = TempDir::Create();
    ASSERT_TRUE(folder.ok()) << folder.status();
    folder_ = std::make_unique<TempDir>(*std::move(folder));
    auto state = StateDir::Open(folder_->path() + "/state");
    ASSERT_TRUE(state.ok()) << state.status();
    state_ = std::make_unique<StateDir>(*std::move(state));
    auto signer = fixtures::OpenPgpSigner::Create();
    ASSERT_TRUE(signer.ok()) << signer.status();
    signer_ = std::make_unique<fixtures::OpenPgpSigner>(*std::move(signer));
    fs::create_directories(SitePath(""));
    auto server = fixtures::FileServer::Start(SitePath(""));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = std::make_unique<fixtures::FileServer>(*std::move(server));

    for (const char* version : {"4230.2.0"}) {
      Publish("stable", "flatcar", version);
    }
    for (const char* version : {"4300.1.0", "4290.1.2", "4290.1.10"}) {
      Publish("beta", "flatcar", version);
    }
    Publish("alpha", "coreos", "2023.4.0");
    fs::create_directory_symlink("4230.2.0",
                                 SitePath("stable/amd64-usr/current"));
    Write(SitePath("releases-beta.json"),
          R"({"current": {"channel": "beta"}, "4300.1.0": {"channel": "beta"},
              "4290.1.2": {"channel": "beta"}, "4290.1.10": {}})");
    Write(SitePath("cuda/redistrib_12.4.1.json"),
          R"({"cuda_cudart": {"linux-x86_64": {"relative_path": "c.tar.xz",
              "size": "5", "sha256":
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
              }}})");

    Write(MatrixPath(""),
          absl::StrReplaceAll(kMatrix, {{"%SITE%", server_->url()}}));
    Write(MatrixPath("patches/a.patch"), "--- a/x\n");
    fs::create_directories(folder_->path() + "/matrix/keys");
    fs::copy_file(signer_->public_key_path(), MatrixPath("keys/flatcar.asc"));
  }

  std::string SitePath(const std::string& path) const {
    return JoinPath(folder_->path() + "/site", path);
  }
  std::string MatrixPath(const std::string& path) const {
    return JoinPath(folder_->path() + "/matrix",
                    path.empty() ? "matrix.textproto" : path);
  }

  static void Write(const std::string& path, const std::string& content) {
    fs::create_directories(fs::path(path).parent_path());
    ASSERT_TRUE(WriteFileAtomically(path, content).ok());
  }

  // Publishes what discovery reads of a release.
  void Publish(const std::string& channel, const std::string& id,
               const std::string& version) {
    const std::string folder =
        SitePath(absl::StrCat(channel, "/amd64-usr/", version, "/"));
    const std::string prefix = id == "coreos" ? "COREOS_" : "FLATCAR_";
    Write(folder + "version.txt",
          absl::StrCat(prefix, "VERSION=", version, "\n", prefix,
                       "VERSION_ID=", version, "\n"));
    ASSERT_TRUE(signer_->SignFile(folder + "version.txt").ok());
    const std::string container = id + "_developer_container.bin.bz2";
    Write(folder + container + ".DIGESTS",
          absl::StrCat("# SHA512 HASH\n", kSha512, "  ", container, "\n"));
    // As CoreOS does: one file for all that belongs to PXE.
    Write(folder + id + "_production_pxe.DIGESTS",
          absl::StrCat("# SHA512 HASH\n", kSha512, "  ", id,
                       "_production_pxe.vmlinuz\n"));
    // Checked against the files by whoever fetches those.
    Write(folder + container + ".sig", "signature");
    Write(folder + id + "_production_pxe.vmlinuz.sig", "signature");
  }

  absl::StatusOr<Lock> RunDiscover() {
    DiscoverOptions options;
    options.matrix_path = MatrixPath("");
    options.channels = channels_;
    return Discover(options, *state_);
  }

  std::string Url(const std::string& path) const { return server_->Url(path); }

  std::vector<std::string> channels_;
  std::unique_ptr<TempDir> folder_;
  std::unique_ptr<StateDir> state_;
  std::unique_ptr<fixtures::OpenPgpSigner> signer_;
  std::unique_ptr<fixtures::FileServer> server_;
};

TEST_F(DiscoverTest, SettlesEverything) {
  const auto lock = RunDiscover();
  ASSERT_TRUE(lock.ok()) << lock.status();
  std::vector<std::string> names;
  for (const auto& release : lock->release()) names.push_back(release.name());
  EXPECT_EQ(names, (std::vector<std::string>{
                       "coreos-2023.4.0", "flatcar-4230.2.0",
                       "flatcar-4290.1.10", "flatcar-4300.1.0"}));

  const auto& stable = lock->release(1);
  EXPECT_EQ(stable.channel(), "stable");
  EXPECT_EQ(stable.version(), "4230.2.0");
  const std::string url =
      Url("stable/amd64-usr/4230.2.0/flatcar_developer_container.bin.bz2");
  EXPECT_EQ(stable.developer_container().url(), url);
  EXPECT_EQ(stable.developer_container().signature_url(), url + ".sig");
  EXPECT_EQ(stable.developer_container().signature_digest(),
            Sha256Digest("signature"));
  EXPECT_EQ(stable.developer_container().digest(),
            absl::StrCat("sha512:", kSha512));
  EXPECT_EQ(stable.kernel_image().url(),
            Url("stable/amd64-usr/4230.2.0/flatcar_production_pxe.vmlinuz"));
  EXPECT_EQ(fs::path(stable.keyring()).parent_path(), state_->keyrings_path());
  EXPECT_TRUE(fs::exists(stable.keyring()));

  EXPECT_EQ(lock->driver(0).source().url(), Url("crane.tar"));
  EXPECT_EQ(lock->driver(0).module(0), "crane");
  EXPECT_EQ(lock->driver(0).patch(0).content(), "--- a/x\n");
  EXPECT_EQ(lock->driver(0).patch(0).name(), "a.patch");
  EXPECT_EQ(lock->cuda(0).component(0).url(), Url("cuda/c.tar.xz"));

  ASSERT_EQ(lock->cell_size(), 4);
  EXPECT_EQ(lock->cell(1).id(), "flatcar-4230.2.0-1.0-cuda12.4.1");
  EXPECT_EQ(lock->cell(1).exclusion_reason(), "");
  EXPECT_EQ(lock->cell(2).exclusion_reason(), "only stable");
}

TEST_F(DiscoverTest, SameAnswersGiveTheSameBytes) {
  const auto first = RunDiscover();
  const auto second = RunDiscover();
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(FormatTextProto(*first), FormatTextProto(*second));
}

TEST_F(DiscoverTest, OtherChannelsStayAsTheyAre) {
  channels_ = {"stable"};
  const auto all = RunDiscover();
  ASSERT_TRUE(all.ok()) << all.status();
  EXPECT_EQ(all->release_size(), 4);  // There was no lock.
  ASSERT_TRUE(WriteLock(*all, *state_).ok());

  Publish("stable", "flatcar", "4230.2.1");
  fs::remove(SitePath("stable/amd64-usr/current"));
  fs::create_directory_symlink("4230.2.1",
                               SitePath("stable/amd64-usr/current"));
  fs::remove_all(SitePath("beta"));
  const auto lock = RunDiscover();
  ASSERT_TRUE(lock.ok()) << lock.status();
  ASSERT_EQ(lock->release_size(), 4);
  EXPECT_EQ(lock->release(0).name(), "coreos-2023.4.0");
  EXPECT_EQ(lock->release(1).name(), "flatcar-4230.2.1");
  EXPECT_EQ(lock->release(2).channel(), "beta");
  EXPECT_EQ(lock->cell_size(), 4);

  channels_ = {"gamma"};
  EXPECT_EQ(RunDiscover().status(),
            absl::InvalidArgumentError(MatrixPath("") +
                                       ": there is no channel \"gamma\""));
}

TEST_F(DiscoverTest, AlteredVersionTxtIsDataLoss) {
  Write(SitePath("stable/amd64-usr/4230.2.0/version.txt"),
        "FLATCAR_VERSION_ID=4230.2.1\n");
  const absl::Status status = RunDiscover().status();
  EXPECT_EQ(
      status,
      absl::DataLossError(absl::StrCat(
          "channel \"stable\": ", Url("stable/amd64-usr/current/version.txt"),
          ": signature refused: the file is not the one that key ",
          signer_->fingerprint(), " signed")));
}

TEST_F(DiscoverTest, MissingSignatureIsNotFound) {
  fs::remove(SitePath("stable/amd64-usr/4230.2.0/version.txt.sig"));
  EXPECT_EQ(RunDiscover().status(),
            absl::NotFoundError(
                absl::StrCat("channel \"stable\": ",
                             Url("stable/amd64-usr/current/version.txt.sig"),
                             ": the server answered 404")));
}

TEST_F(DiscoverTest, FolderOfAnotherReleaseIsDataLoss) {
  fs::remove(SitePath("beta/amd64-usr/4300.1.0/version.txt"));
  fs::remove(SitePath("beta/amd64-usr/4300.1.0/version.txt.sig"));
  for (const char* name : {"version.txt", "version.txt.sig"}) {
    fs::copy_file(SitePath(absl::StrCat("beta/amd64-usr/4290.1.2/", name)),
                  SitePath(absl::StrCat("beta/amd64-usr/4300.1.0/", name)));
  }
  EXPECT_EQ(
      RunDiscover().status(),
      absl::DataLossError(absl::StrCat(
          "channel \"beta\": ", Url("beta/amd64-usr/4300.1.0/version.txt"),
          ": says that it is 4290.1.2, not 4300.1.0")));
}

TEST_F(DiscoverTest, BadDigestsFileIsOneError) {
  const std::string path =
      "stable/amd64-usr/4230.2.0/flatcar_developer_container.bin.bz2.DIGESTS";
  Write(SitePath(path),
        "# SHA512 HASH\n12  flatcar_developer_container.bin.bz2\n");
  EXPECT_EQ(
      RunDiscover().status(),
      absl::DataLossError(absl::StrCat("channel \"stable\": ", Url(path),
                                       ": \"12\" is not the SHA-512 of "
                                       "flatcar_developer_container.bin.bz2")));
  fs::remove(SitePath(path));
  EXPECT_EQ(RunDiscover().status(),
            absl::NotFoundError(absl::StrCat("channel \"stable\": ", Url(path),
                                             ": the server answered 404")));
}

TEST_F(DiscoverTest, IndexThatIsNoneIsDataLoss) {
  Write(SitePath("releases-beta.json"), "<html></html>");
  const absl::Status status = RunDiscover().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr(Url("releases-beta.json") + ": release index: "));
}

TEST_F(DiscoverTest, UnreachableServerLeavesTheOldLock) {
  const auto lock = RunDiscover();
  ASSERT_TRUE(lock.ok()) << lock.status();
  ASSERT_TRUE(WriteLock(*lock, *state_).ok());
  const std::string before = *ReadFile(state_->lock_path());
  server_.reset();
  EXPECT_EQ(RunDiscover().status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(*ReadFile(state_->lock_path()), before);
}

TEST_F(DiscoverTest, MalformedMatrixNamesThePlace) {
  Write(MatrixPath(""), "os {\n  famly: FAMILY_DEBIAN\n}\n");
  const absl::Status status = RunDiscover().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr(MatrixPath("") + ":2:"));
  Write(MatrixPath(""), "os { family: FAMILY_DEBIAN }");
  EXPECT_EQ(RunDiscover().status(),
            absl::InvalidArgumentError(MatrixPath("") +
                                       ": os[0].debian_suite: required"));
}

TEST_F(DiscoverTest, MissingFilesBesideTheMatrixAreNamed) {
  fs::remove(MatrixPath("patches/a.patch"));
  absl::Status status = RunDiscover().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr(MatrixPath("patches/a.patch")));
  fs::remove(MatrixPath("keys/flatcar.asc"));
  status = RunDiscover().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr(MatrixPath("keys/flatcar.asc")));
}

}  // namespace
}  // namespace gantry::plan
