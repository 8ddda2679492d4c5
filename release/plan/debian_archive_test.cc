// Discovery against Debian's real archive, by this machine's apt.

#include <filesystem>
#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/temp_dir.h"
#include "base/textproto.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "release/plan/apt_suite.h"
#include "release/plan/discover.h"
#include "tests/fixtures/file_server.h"

namespace gantry::plan {
namespace {

using ::gantry::matrix::v1::Lock;
using ::gantry::matrix::v1::LockedRelease;
using ::gantry::matrix::v1::RemoteFile;
using ::testing::HasSubstr;

class DebianArchiveTest : public testing::Test {
 protected:
  void SetUp() override {
    auto folder = TempDir::Create();
    ASSERT_TRUE(folder.ok()) << folder.status();
    folder_ = std::make_unique<TempDir>(*std::move(folder));
  }

  std::unique_ptr<TempDir> folder_;
};

// True if one of the files has a name that starts so.
template <typename Files>
bool Has(const Files& files, const std::string& name) {
  for (const RemoteFile& file : files) {
    if (absl::StrContains(file.url(), "/" + name)) return true;
  }
  return false;
}

TEST_F(DebianArchiveTest, DefaultMatrix) {
  const auto state = StateDir::Open(folder_->path() + "/state");
  ASSERT_TRUE(state.ok()) << state.status();
  DiscoverOptions options;
  options.matrix_path = "release/matrix.textproto";
  const auto lock = Discover(options, *state);
  ASSERT_TRUE(lock.ok()) << lock.status();

  ASSERT_EQ(lock->releases_size(), 2);
  for (const LockedRelease& release : lock->releases()) {
    SCOPED_TRACE(release.name());
    EXPECT_EQ(release.name(), "debian-12-" + release.version());
    EXPECT_TRUE(absl::EndsWith(release.version(), "-cloud-amd64"));
    EXPECT_TRUE(Has(release.packages(), "linux-headers-6."));
    EXPECT_TRUE(Has(release.packages(), "linux-image-6."));
    EXPECT_TRUE(Has(release.packages(), "gcc-12_"));
    EXPECT_TRUE(Has(release.packages(), "make_"));
    for (const RemoteFile& file : release.packages()) {
      EXPECT_TRUE(ValidateDigest(file.digest()).ok()) << file.url();
      EXPECT_GT(file.size(), 0) << file.url();
    }
  }
  EXPECT_EQ(lock->releases(0).channel(), "6.1-cloud");
  EXPECT_EQ(lock->releases(1).channel(), "6.12-cloud");

  ASSERT_EQ(lock->drivers_size(), 1);
  const std::string version = lock->drivers(0).version();
  EXPECT_TRUE(absl::StartsWith(version, "535."));
  EXPECT_TRUE(absl::StrContains(lock->drivers(0).source().url(), version));
  for (const RemoteFile& file : lock->drivers(0).userland_files()) {
    EXPECT_TRUE(absl::StrContains(file.url(), "_" + version)) << file.url();
  }
  ASSERT_EQ(lock->cuda_toolkits_size(), 2);
  EXPECT_TRUE(Has(lock->cuda_toolkits(0).components(), "libnppc11_"));
  EXPECT_TRUE(Has(lock->cuda_toolkits(1).components(), "libnvjitlink12_"));
  EXPECT_EQ(lock->cells_size(), 4);
  for (const auto& cell : lock->cells()) {
    EXPECT_EQ(cell.exclusion_reason(), "");
  }

  const auto again = Discover(options, *state);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(FormatTextProto(*lock), FormatTextProto(*again));
}

TEST_F(DebianArchiveTest, UnreachableMirrorIsUnavailableInAptsWords) {
  // Port 1 of the loopback: refused at once.
  const auto suite = AptSuite::Open(
      folder_->path() + "/apt", {"http://127.0.0.1:1/debian", ""}, "bookworm");
  EXPECT_EQ(suite.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(suite.status().message()),
              HasSubstr("apt-get update, Debian bookworm: Failed to fetch "
                        "http://127.0.0.1:1/debian/dists/bookworm/InRelease"));
}

TEST_F(DebianArchiveTest, UnsignedArchiveIsRefused) {
  const std::string dists = folder_->path() + "/site/dists/sid";
  ASSERT_TRUE(CreateDirectories(dists).ok());
  ASSERT_TRUE(WriteFileAtomically(dists + "/Release",
                                  "Origin: Debian\nLabel: Debian\n"
                                  "Codename: sid\nSuite: unstable\n"
                                  "Architectures: amd64\n"
                                  "Components: main\n"
                                  "Date: Sat, 21 Nov 2026 00:00:00 UTC\n")
                  .ok());
  const auto server = fixtures::FileServer::Start(folder_->path() + "/site");
  ASSERT_TRUE(server.ok()) << server.status();
  const auto suite =
      AptSuite::Open(folder_->path() + "/apt", {server->url(), ""}, "sid");
  EXPECT_EQ(suite.status(),
            absl::UnavailableError(
                absl::StrCat("apt-get update, Debian sid: The repository '",
                             server->url(), " sid Release' is not signed.")));
}

TEST_F(DebianArchiveTest, SuiteThatIsNotThereIsUnavailable) {
  const auto archives = FindMachineArchives(folder_->path() + "/machine");
  ASSERT_TRUE(archives.ok()) << archives.status();
  const auto suite =
      AptSuite::Open(folder_->path() + "/apt", *archives, "zurg");
  EXPECT_EQ(suite.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(suite.status().message()), HasSubstr("zurg"));
}

}  // namespace
}  // namespace gantry::plan
