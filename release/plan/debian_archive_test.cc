// Tests discovery with Debian's real archive, as this machine's apt is
// configured.

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/state_dir.h"
#include "base/status_matchers.h"
#include "base/temp_dir.h"
#include "base/textproto.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/lock.pb.h"
#include "release/plan/apt_archive.h"
#include "release/plan/apt_suite.h"
#include "release/plan/apt_suites.h"
#include "release/plan/discover.h"
#include "tests/fixtures/file_server.h"

namespace gantry::plan {
namespace {

using ::gantry::matrix::v1::Lock;
using ::gantry::matrix::v1::LockedRelease;
using ::gantry::matrix::v1::RemoteFile;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class DebianArchiveTest : public testing::Test {
 protected:
  void SetUp() override {
    GANTRY_ASSERT_OK_AND_ASSIGN(TempDir directory, TempDir::Create());
    directory_ = std::make_unique<TempDir>(std::move(directory));
  }

  std::string PathOf(absl::string_view name) const {
    return JoinPath(directory_->path(), name);
  }

  std::unique_ptr<TempDir> directory_;
};

// Matches a RemoteFile whose name starts with `prefix`.
MATCHER_P(FileNameStartsWith, prefix, "") {
  return absl::StartsWith(std::filesystem::path(arg.url()).filename().string(),
                          prefix);
}

TEST_F(DebianArchiveTest, DefaultMatrixIsResolvedReproducibly) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const StateDir state,
                              StateDir::Open(PathOf("state")));
  DiscoverOptions options;
  options.matrix_path = "release/matrix.textproto";
  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock lock, Discover(options, state));

  ASSERT_EQ(lock.releases_size(), 2);
  for (const LockedRelease& release : lock.releases()) {
    SCOPED_TRACE(release.name());
    EXPECT_EQ(release.name(), "debian-12-" + release.version());
    EXPECT_THAT(release.version(), EndsWith("-cloud-amd64"));
    EXPECT_THAT(release.packages(),
                Contains(FileNameStartsWith("linux-headers-6.")));
    EXPECT_THAT(release.packages(),
                Contains(FileNameStartsWith("linux-image-6.")));
    EXPECT_THAT(release.packages(), Contains(FileNameStartsWith("gcc-12_")));
    EXPECT_THAT(release.packages(), Contains(FileNameStartsWith("make_")));
    for (const RemoteFile& file : release.packages()) {
      EXPECT_THAT(ValidateDigest(file.digest()), IsOk()) << file.url();
      EXPECT_GT(file.size(), 0) << file.url();
    }
  }
  EXPECT_THAT(lock.releases(0).channels(), ElementsAre("6.1-cloud"));
  EXPECT_THAT(lock.releases(1).channels(), ElementsAre("6.12-cloud"));

  ASSERT_EQ(lock.drivers_size(), 1);
  const std::string version = lock.drivers(0).version();
  EXPECT_THAT(version, StartsWith("535."));
  EXPECT_THAT(lock.drivers(0).source().url(), HasSubstr(version));
  for (const RemoteFile& file : lock.drivers(0).userland_files()) {
    EXPECT_THAT(file.url(), HasSubstr("_" + version)) << file.url();
  }
  ASSERT_EQ(lock.cuda_toolkits_size(), 2);
  EXPECT_THAT(lock.cuda_toolkits(0).components(),
              Contains(FileNameStartsWith("libnppc11_")));
  EXPECT_THAT(lock.cuda_toolkits(1).components(),
              Contains(FileNameStartsWith("libnvjitlink12_")));
  EXPECT_EQ(lock.cells_size(), 4);
  for (const auto& cell : lock.cells()) {
    EXPECT_EQ(cell.exclusion_reason(), "");
  }

  GANTRY_ASSERT_OK_AND_ASSIGN(const Lock again, Discover(options, state));
  EXPECT_EQ(FormatTextProto(lock), FormatTextProto(again));
}

TEST_F(DebianArchiveTest, UnreachableMirrorIsUnavailableWithAptsError) {
  // Nothing listens on port 1.
  const auto suite = AptSuite::Open(
      PathOf("apt"), {"http://127.0.0.1:1/debian", ""}, "bookworm");
  EXPECT_THAT(
      suite,
      StatusIs(
          absl::StatusCode::kUnavailable,
          HasSubstr("apt-get update, Debian bookworm: Failed to fetch "
                    "http://127.0.0.1:1/debian/dists/bookworm/InRelease")));
}

TEST_F(DebianArchiveTest, UnsignedArchiveIsUnavailable) {
  const std::string dists = PathOf("site/dists/sid");
  ASSERT_THAT(CreateDirectories(dists), IsOk());
  ASSERT_THAT(WriteFileAtomically(dists + "/Release",
                                  "Origin: Debian\nLabel: Debian\n"
                                  "Codename: sid\nSuite: unstable\n"
                                  "Architectures: amd64\n"
                                  "Components: main\n"
                                  "Date: Sat, 21 Nov 2026 00:00:00 UTC\n"),
              IsOk());
  GANTRY_ASSERT_OK_AND_ASSIGN(const fixtures::FileServer server,
                              fixtures::FileServer::Start(PathOf("site")));
  const auto suite = AptSuite::Open(PathOf("apt"), {server.url(), ""}, "sid");
  EXPECT_THAT(
      suite,
      StatusIs(absl::StatusCode::kUnavailable,
               absl::StrCat("apt-get update, Debian sid: The repository '",
                            server.url(), " sid Release' is not signed.")));
}

TEST_F(DebianArchiveTest, UnknownSuiteIsUnavailable) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const DebianArchives archives,
                              FindMachineArchives(PathOf("machine")));
  const auto suite = AptSuite::Open(PathOf("apt"), archives, "zurg");
  EXPECT_THAT(suite,
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("zurg")));
}

TEST_F(DebianArchiveTest, SuiteThatCannotBeOpenedIsNotTriedAgain) {
  int attempts = 0;
  AptSuites suites(PathOf("apt"), [&](absl::string_view) { ++attempts; });
  EXPECT_THAT(suites.Get("zurg"), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(suites.Get("zurg"), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(attempts, 1);
}

}  // namespace
}  // namespace gantry::plan
