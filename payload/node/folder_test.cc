#include "payload/node/folder.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "payload/node/exit_code.h"

namespace gantry::node {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;

class FolderTest : public testing::Test {
 protected:
  FolderTest()
      : temp_(*TempDir::Create(testing::TempDir())),
        root_path_(JoinPath(temp_.path(), "root")),
        outside_(JoinPath(temp_.path(), "outside")) {
    fs::create_directories(root_path_);
    fs::create_directories(outside_);
  }

  Folder Root(BeforeOperation before = nullptr) {
    return *Folder::Open(root_path_, std::move(before));
  }
  std::string In(const std::string& path) { return JoinPath(root_path_, path); }
  void Write(const std::string& path, const std::string& content) {
    ASSERT_TRUE(WriteFileAtomically(path, content).ok());
  }
  bool OutsideIsEmpty() { return fs::is_empty(outside_); }

  const TempDir temp_;
  const std::string root_path_;
  const std::string outside_;
};

TEST_F(FolderTest, ResolvesLinksAsIfItWereTheRoot) {
  fs::create_directories(In("usr/lib"));
  fs::create_directories(In("etc"));
  Write(In("usr/lib/os-release"), "text");
  fs::create_symlink("../usr/lib/os-release", In("etc/relative"));
  fs::create_symlink("/usr/lib/os-release", In("etc/absolute"));
  fs::create_symlink("../../../../../usr", In("etc/above"));
  EXPECT_EQ(*Root().ReadFile("etc/relative"), "text");
  EXPECT_EQ(*Root().ReadFile("etc/absolute"), "text");
  EXPECT_EQ(*Root().ReadFile("etc/above/lib/os-release"), "text");
}

TEST_F(FolderTest, MakesFoldersBehindLinksInsideTheRoot) {
  fs::create_directories(In("var/opt"));
  fs::create_symlink("/var/opt", In("opt"));
  ASSERT_TRUE(Root().Make("opt/cuda").ok());
  EXPECT_TRUE(fs::is_directory(In("var/opt/cuda")));
}

TEST_F(FolderTest, LinkLoopIsAnError) {
  fs::create_symlink("b", In("a"));
  fs::create_symlink("a", In("b"));
  EXPECT_EQ(Root().Resolve("a/x").status().message(),
            In("a/x") + ": Too many levels of symbolic links");
}

TEST_F(FolderTest, NoOperationWritesThroughALink) {
  fs::create_symlink(outside_, In("link"));
  Write(JoinPath(temp_.path(), "victim"), "safe");
  fs::create_symlink(JoinPath(temp_.path(), "victim"), In("file"));
  const Folder root = Root();
  EXPECT_FALSE(root.MakeFolder("link/a").ok());
  EXPECT_FALSE(root.CreateFile("link/a").ok());
  EXPECT_FALSE(root.MakeLink("x", "link/a").ok());
  EXPECT_FALSE(root.Rename("file", "link/a").ok());
  EXPECT_FALSE(root.SetMode("link", 0700).ok());
  EXPECT_FALSE(root.CreateFile("file").ok());
  EXPECT_FALSE(root.OpenFile("file").ok());
  EXPECT_TRUE(OutsideIsEmpty());
}

TEST_F(FolderTest, RemovesFilesLinksAndEmptyFoldersOnly) {
  fs::create_directories(In("empty"));
  fs::create_directories(In("full/folder"));
  fs::create_directory_symlink(outside_, In("link"));
  Write(In("file"), "");
  EXPECT_THAT(Root().Remove("empty"), IsOk());
  EXPECT_THAT(Root().Remove("link"), IsOk());
  EXPECT_THAT(Root().Remove("file"), IsOk());
  EXPECT_EQ(Root().Remove("full").message(),
            In("full") + ": Directory not empty");
  EXPECT_THAT(Root().List(), IsOkAndHolds(ElementsAre("full")));
  EXPECT_TRUE(fs::exists(outside_));
}

TEST_F(FolderTest, ExchangesInOneStep) {
  fs::create_directories(In("a/from_a"));
  fs::create_directories(In("b/from_b"));
  ASSERT_TRUE(Root().Exchange("a", "b").ok());
  EXPECT_TRUE(fs::is_directory(In("a/from_b")));
  EXPECT_TRUE(fs::is_directory(In("b/from_a")));
}

TEST_F(FolderTest, FilesGetTheirModeWhateverTheUmask) {
  const mode_t old = umask(077);
  auto file = Root().CreateFile("file");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_TRUE(file->Write("abc").ok());
  EXPECT_TRUE(file->Finish(04755).ok());
  ASSERT_TRUE(Root().Make("x/y").ok());
  umask(old);
  EXPECT_EQ((*Root().Stat("file"))->st_mode & 07777, 04755u);
  EXPECT_EQ((*Root().Stat("x"))->st_mode & 07777, 0755u);
  EXPECT_EQ(*Root().FileDigest("file"), Sha256Digest("abc"));
}

TEST_F(FolderTest, StatOfNothingIsNoError) {
  const auto info = Root().Stat("a/b");
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_FALSE(info->has_value());
}

TEST_F(FolderTest, HookStopsAnOperationBeforeItChangesAnything) {
  std::vector<std::string> seen;
  const Folder root = Root(
      [&](absl::string_view operation, absl::string_view path) -> absl::Status {
        seen.push_back(std::string(operation) + " " + std::string(path));
        return absl::AbortedError("stop");
      });
  EXPECT_EQ(root.MakeFolder("a"), absl::AbortedError("stop"));
  EXPECT_EQ(root.CreateFile("b").status(), absl::AbortedError("stop"));
  EXPECT_TRUE(fs::is_empty(root_path_));
  EXPECT_EQ(seen, (std::vector<std::string>{"mkdir " + In("a"),
                                            "create " + In("b")}));
}

TEST_F(FolderTest, FullFileSystemHasItsExitCode) {
  // /dev/full fails every write with ENOSPC (full(4)).
  NewFile full(UniqueFd(open("/dev/full", O_WRONLY)), "/dev/full", nullptr);
  const absl::Status status = full.Write("x");
  EXPECT_EQ(status.message(), "/dev/full: No space left on device");
  EXPECT_EQ(ExitCodeOf(status), ExitCode::kNoSpace);
}

}  // namespace
}  // namespace gantry::node
