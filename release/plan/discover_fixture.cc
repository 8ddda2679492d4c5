#include "release/plan/discover_fixture.h"

#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "proto/matrix.pb.h"
#include "release/plan/lock_file.h"

namespace gantry::plan {
namespace {

namespace fs = std::filesystem;
using ::gantry::fixtures::FakeRelease;
using ::gantry::fixtures::FakeReleaseSite;
using ::gantry::matrix::v1::Lock;
using ::testing::HasSubstr;

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

}  // namespace

void DiscoverTest::SetUp() {
  GANTRY_ASSERT_OK_AND_ASSIGN(TempDir directory, TempDir::Create());
  directory_ = std::make_unique<TempDir>(std::move(directory));
  GANTRY_ASSERT_OK_AND_ASSIGN(StateDir state, StateDir::Open(PathOf("state")));
  state_ = std::make_unique<StateDir>(std::move(state));
  fs::create_directory(PathOf("site"));
  GANTRY_ASSERT_OK_AND_ASSIGN(FakeReleaseSite site,
                              FakeReleaseSite::Create(PathOf("site")));
  site_ = std::make_unique<FakeReleaseSite>(std::move(site));
  PublishEverything();
  WriteMatrix();
}

void DiscoverTest::PublishEverything() {
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

void DiscoverTest::WriteMatrix() {
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

void DiscoverTest::ReplaceInMatrix(const std::string& old,
                                   const std::string& replacement) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::string text, ReadFile(matrix_path()));
  ASSERT_THAT(text, HasSubstr(old));
  ASSERT_THAT(
      WriteFileAtomically(matrix_path(),
                          absl::StrReplaceAll(text, {{old, replacement}})),
      IsOk());
}

DiscoverOptions DiscoverTest::Options(std::vector<std::string> channels) {
  DiscoverOptions options;
  options.matrix_path = matrix_path();
  options.channels = std::move(channels);
  options.http.retry.sleep = [](absl::Duration) {};
  options.channel_error = [this](absl::string_view error) {
    channel_errors_.emplace_back(error);
  };
  return options;
}

absl::StatusOr<Lock> DiscoverTest::RunDiscover(
    std::vector<std::string> channels) {
  return Discover(Options(std::move(channels)), *state_);
}

Lock DiscoverTest::DiscoverAndWriteLock() {
  const auto lock = RunDiscover();
  EXPECT_THAT(lock, IsOk());
  if (!lock.ok()) return Lock();
  EXPECT_THAT(WriteLock(*lock, *state_), IsOk());
  return *lock;
}

std::vector<std::string> ReleaseNames(const Lock& lock) {
  std::vector<std::string> names;
  for (const auto& release : lock.releases()) names.push_back(release.name());
  return names;
}

std::vector<std::string> FailedChannelNames(const Lock& lock) {
  std::vector<std::string> names;
  for (const auto& channel : lock.failed_channels()) {
    names.push_back(absl::StrCat(channel.name(), " of ",
                                 matrix::v1::Family_Name(channel.family())));
  }
  return names;
}

}  // namespace gantry::plan
