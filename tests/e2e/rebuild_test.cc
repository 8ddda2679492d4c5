// Builds a recorded revision again, with equal content, after its files have
// vanished from the servers that they came from.

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/state_dir.h"
#include "base/status_matchers.h"
#include "base/subprocess.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/lock.pb.h"
#include "proto/matrix_report.pb.h"
#include "release/plan/lock_file.h"
#include "release/plan/lock_format.h"
#include "tests/e2e/container_linux_fixture.h"
#include "tests/e2e/matrix_runner.h"

namespace gantry::e2e {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kCell[] = "flatcar-4230.2.0_amd64_nvidia_1.0_cuda11.8";

// Exit code of a rebuild that cannot build.
constexpr int kNotBuilt = 3;

class RebuildTest : public ContainerLinuxTest {
 protected:
  // Discovers the lock, and lets the packages of its toolkit come from the
  // site, too.
  void Discover(const std::string& matrix) {
    ASSERT_THAT(RunMatrix(matrix, {"--dry_run"}), IsOk());
    GANTRY_ASSERT_OK_AND_ASSIGN(const StateDir state,
                                StateDir::Open(PathOf("state")));
    GANTRY_ASSERT_OK_AND_ASSIGN(matrix::v1::Lock lock,
                                plan::ReadLock(state.lock_path()));
    ASSERT_EQ(lock.cuda_toolkits_size(), 1);
    for (auto& file : *lock.mutable_cuda_toolkits(0)->mutable_components()) {
      const std::string name = file.url().substr(file.url().rfind('/') + 1);
      packages_.push_back(
          absl::StrReplaceAll(name, {{"%2b", "+"}, {"%7e", "~"}}));
      ASSERT_THAT(RunCommand({"/usr/lib/apt/apt-helper", "-o",
                              "APT::Sandbox::User=root", "download-file",
                              file.url(), site_->PathOf(packages_.back())}),
                  IsOk());
      file.set_url(site_->Url(name));
    }
    ASSERT_THAT(plan::WriteLock(lock, state), IsOk());
  }

  // Removes all files that the cell is made of.
  void RemoveFromSite() {
    std::vector<std::string> names = packages_;
    names.emplace_back("hello.tar.gz");
    for (const std::string& file :
         {flatcar_.container_name(), flatcar_.kernel_name()}) {
      names.push_back(flatcar_.PathOf(file));
      names.push_back(flatcar_.PathOf(file) + ".sig");
    }
    for (const std::string& name : names) {
      EXPECT_TRUE(fs::remove(site_->PathOf(name))) << name;
    }
  }

  // Names of files.
  std::vector<std::string> packages_;
};

TEST_F(RebuildTest, ContentIsEqualAfterTheFilesVanished) {
  const std::string inputs = absl::StrCat("--inputs=", PathOf("inputs"));
  const std::string matrix = WriteMatrix();
  Discover(matrix);
  GANTRY_ASSERT_OK_AND_ASSIGN(const MatrixRunner::Result built,
                              RunMatrix(matrix, {"--channel=stable", inputs}));
  ASSERT_EQ(built.exit_code, 0) << built.progress;
  EXPECT_THAT(built.progress, Not(HasSubstr("not kept")));
  RemoveFromSite();

  // A Bazel that has downloaded nothing.
  MatrixRunner runner(PathInSuite("rebuild_bazel"), DiskCache());
  runner.AddBazelOption("--repository_cache=");
  runner.AddBazelOption(kNoCache);
  const std::string state = absl::StrCat("--state=", PathOf("state"));
  GANTRY_ASSERT_OK_AND_ASSIGN(const MatrixRunner::RebuildResult lost,
                              runner.Rebuild({kCell, state}));
  EXPECT_EQ(lost.exit_code, kNotBuilt) << lost.progress;
  EXPECT_THAT(lost.progress,
              AllOf(HasSubstr("rebuild: "), HasSubstr(site_->url())));

  GANTRY_ASSERT_OK_AND_ASSIGN(const MatrixRunner::RebuildResult rebuilt,
                              runner.Rebuild({kCell, state, inputs}));
  EXPECT_EQ(rebuilt.exit_code, 0) << rebuilt.progress;
  EXPECT_TRUE(rebuilt.report.equal());
  EXPECT_EQ(rebuilt.report.revision(), 1);
  EXPECT_NE(rebuilt.report.content_digest(), "");
  EXPECT_EQ(rebuilt.report.content_digest(),
            rebuilt.report.recorded_content_digest());
  EXPECT_EQ(rebuilt.report.image_digest(), FindCell(built, kCell).digest());
}

}  // namespace
}  // namespace gantry::e2e
