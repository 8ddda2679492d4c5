#include "payload/node/directory.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/temp_dir.h"
#include "base/unique_fd.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "payload/node/exit_code.h"
#include "payload/node/exit_code_matchers.h"
#include "payload/node/new_file.h"

namespace gantry::node {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::Not;

class DirectoryTest : public testing::Test {
 protected:
  DirectoryTest()
      : temp_(*TempDir::Create(testing::TempDir())),
        root_path_(JoinPath(temp_.path(), "root")),
        outside_(JoinPath(temp_.path(), "outside")) {
    fs::create_directories(root_path_);
    fs::create_directories(outside_);
  }

  Directory Root(BeforeOperation before = nullptr) {
    return *Directory::Open(root_path_, std::move(before));
  }
  std::string Inside(const std::string& path) {
    return JoinPath(root_path_, path);
  }
  void Write(const std::string& path, const std::string& content) {
    ASSERT_THAT(WriteFileAtomically(path, content), IsOk());
  }
  mode_t Mode(const std::string& path) {
    struct stat info = {};
    EXPECT_EQ(stat(Inside(path).c_str(), &info), 0);
    return info.st_mode & 07777;
  }
  bool OutsideIsEmpty() { return fs::is_empty(outside_); }

  const TempDir temp_;
  const std::string root_path_;
  const std::string outside_;
};

TEST_F(DirectoryTest, ResolvesLinksAsIfItWereTheRoot) {
  fs::create_directories(Inside("usr/lib"));
  fs::create_directories(Inside("etc"));
  Write(Inside("usr/lib/os-release"), "text");
  fs::create_symlink("../usr/lib/os-release", Inside("etc/relative"));
  fs::create_symlink("/usr/lib/os-release", Inside("etc/absolute"));
  fs::create_symlink("../../../../../usr", Inside("etc/above"));
  EXPECT_THAT(Root().ReadFile("etc/relative"), IsOkAndHolds("text"));
  EXPECT_THAT(Root().ReadFile("etc/absolute"), IsOkAndHolds("text"));
  EXPECT_THAT(Root().ReadFile("etc/above/lib/os-release"),
              IsOkAndHolds("text"));
}

TEST_F(DirectoryTest, CreatesDirectoriesBehindLinksInsideTheRoot) {
  fs::create_directories(Inside("var/opt"));
  fs::create_symlink("/var/opt", Inside("opt"));
  ASSERT_THAT(Root().ResolveOrCreate("opt/cuda"), IsOk());
  EXPECT_TRUE(fs::is_directory(Inside("var/opt/cuda")));
}

TEST_F(DirectoryTest, LinkLoopIsAnError) {
  fs::create_symlink("b", Inside("a"));
  fs::create_symlink("a", Inside("b"));
  EXPECT_THAT(Root().Resolve("a/x"),
              StatusIs(absl::StatusCode::kUnknown,
                       Inside("a/x") + ": Too many levels of symbolic links"));
}

TEST_F(DirectoryTest, NoOperationWritesThroughALink) {
  fs::create_symlink(outside_, Inside("link"));
  Write(JoinPath(temp_.path(), "victim"), "safe");
  fs::create_symlink(JoinPath(temp_.path(), "victim"), Inside("file"));
  const Directory root = Root();
  EXPECT_THAT(root.CreateDirectory("link/a"), Not(IsOk()));
  EXPECT_THAT(root.CreateFile("link/a"), Not(IsOk()));
  EXPECT_THAT(root.CreateLink("x", "link/a"), Not(IsOk()));
  EXPECT_THAT(root.Rename("file", "link/a"), Not(IsOk()));
  EXPECT_THAT(root.SetMode("link", 0700), Not(IsOk()));
  EXPECT_THAT(root.CreateFile("file"), Not(IsOk()));
  EXPECT_THAT(root.OpenFile("file"), Not(IsOk()));
  EXPECT_TRUE(OutsideIsEmpty());
}

TEST_F(DirectoryTest, RemovesFilesLinksAndEmptyDirectoriesOnly) {
  fs::create_directories(Inside("empty"));
  fs::create_directories(Inside("full/directory"));
  fs::create_directory_symlink(outside_, Inside("link"));
  Write(Inside("file"), "");
  EXPECT_THAT(Root().Remove("empty"), IsOk());
  EXPECT_THAT(Root().Remove("link"), IsOk());
  EXPECT_THAT(Root().Remove("file"), IsOk());
  EXPECT_THAT(Root().Remove("full"),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       Inside("full") + ": Directory not empty"));
  EXPECT_THAT(Root().List(), IsOkAndHolds(ElementsAre("full")));
  EXPECT_TRUE(fs::exists(outside_));
}

TEST_F(DirectoryTest, ExchangesTwoDirectories) {
  fs::create_directories(Inside("a/from_a"));
  fs::create_directories(Inside("b/from_b"));
  ASSERT_THAT(Root().Exchange("a", "b"), IsOk());
  EXPECT_TRUE(fs::is_directory(Inside("a/from_b")));
  EXPECT_TRUE(fs::is_directory(Inside("b/from_a")));
}

TEST_F(DirectoryTest, ModesDoNotDependOnTheUmask) {
  const mode_t old = umask(077);
  const absl::Cleanup restore = [old] { umask(old); };
  GANTRY_ASSERT_OK_AND_ASSIGN(NewFile file, Root().CreateFile("file"));
  EXPECT_THAT(file.Write("abc"), IsOk());
  EXPECT_THAT(file.Finish(04755), IsOk());
  ASSERT_THAT(Root().ResolveOrCreate("x/y"), IsOk());
  EXPECT_EQ(Mode("file"), 04755u);
  EXPECT_EQ(Mode("x"), 0755u);
  EXPECT_THAT(Root().FileDigest("file"), IsOkAndHolds(Sha256Digest("abc")));
}

TEST_F(DirectoryTest, StatOfWhatDoesNotExistIsNotAnError) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const auto info, Root().Stat("a/b"));
  EXPECT_FALSE(info.has_value());
}

TEST_F(DirectoryTest, ErrorOfTheHookPreventsTheOperation) {
  std::vector<std::string> seen;
  const Directory root = Root(
      [&](absl::string_view operation, absl::string_view path) -> absl::Status {
        seen.push_back(std::string(operation) + " " + std::string(path));
        return absl::AbortedError("stop");
      });
  EXPECT_EQ(root.CreateDirectory("a"), absl::AbortedError("stop"));
  EXPECT_EQ(root.CreateFile("b").status(), absl::AbortedError("stop"));
  EXPECT_TRUE(fs::is_empty(root_path_));
  EXPECT_THAT(seen,
              ElementsAre("mkdir " + Inside("a"), "create " + Inside("b")));
}

TEST(NewFileTest, FullFileSystemHasItsExitCode) {
  // /dev/full fails every write with ENOSPC (full(4)).
  NewFile full(UniqueFd(open("/dev/full", O_WRONLY)), "/dev/full", nullptr);
  EXPECT_THAT(full.Write("x"), FailsWith(ExitCode::kNoSpace,
                                         "/dev/full: No space left on device"));
}

}  // namespace
}  // namespace gantry::node
