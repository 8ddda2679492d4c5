#include "base/open_in_root.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <filesystem>
#include <string>

#include "absl/status/status.h"
#include "base/fd_io.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "base/status_matchers.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry {
namespace {

namespace fs = std::filesystem;

// A root with etc/ and usr/lib/file; next to it is a file named "outside".
class OpenInRootTest : public testing::Test {
 protected:
  OpenInRootTest() {
    fs::create_directories(Path("etc"));
    fs::create_directories(Path("usr/lib"));
    EXPECT_THAT(WriteFileAtomically(Path("usr/lib/file"), "inside"), IsOk());
    EXPECT_THAT(WriteFileAtomically(Path("../outside"), "outside"), IsOk());
    root_fd_ = UniqueFd(open(Path("").c_str(), O_RDONLY | O_DIRECTORY));
    root_ = {root_fd_.get(), "/rootfs"};
  }

  std::string Path(const std::string& name) const {
    return temp_.path() + "/root/" + name;
  }

  void Link(const std::string& target, const std::string& name) const {
    fs::create_symlink(target, Path(name));
  }

  absl::StatusOr<std::string> Read(const std::string& path) const {
    GANTRY_ASSIGN_OR_RETURN(const UniqueFd fd,
                            OpenInRoot(root_, path, O_RDONLY));
    return ReadAll(fd.get(), path);
  }

  // The inode that `path` refers to.
  ino_t Inode(const std::string& path) const {
    const auto fd = OpenInRoot(root_, path, O_RDONLY | O_DIRECTORY);
    EXPECT_THAT(fd, IsOk()) << path;
    struct stat info = {};
    EXPECT_EQ(fstat(fd->get(), &info), 0);
    return info.st_ino;
  }

  ino_t InodeOf(const std::string& name) const {
    struct stat info = {};
    EXPECT_EQ(stat(Path(name).c_str(), &info), 0);
    return info.st_ino;
  }

  const TempDir temp_ = *TempDir::Create();
  UniqueFd root_fd_;
  RootDirectory root_;
};

TEST_F(OpenInRootTest, OpensFilesAndDirectories) {
  EXPECT_THAT(Read("usr/lib/file"), IsOkAndHolds("inside"));
  EXPECT_THAT(Read("/usr//./lib/../lib/file"), IsOkAndHolds("inside"));
  EXPECT_EQ(Inode("usr/lib"), InodeOf("usr/lib"));
}

TEST_F(OpenInRootTest, ResultIsReadableWhereverThePathEnds) {
  for (const char* path : {"", "/", ".", "..", "usr/..", "usr/lib/../.."}) {
    EXPECT_EQ(Inode(path), InodeOf("")) << path;
  }
  EXPECT_EQ(Inode("usr/lib/.."), InodeOf("usr"));
  EXPECT_EQ(Inode("usr/."), InodeOf("usr"));
  const auto fd = OpenInRoot(root_, "usr/lib/..", O_RDONLY | O_DIRECTORY);
  ASSERT_THAT(fd, IsOk());
  EXPECT_EQ(fcntl(fd->get(), F_GETFL) & O_PATH, 0);
}

TEST_F(OpenInRootTest, RelativeLinksAreFollowed) {
  Link("../usr/lib/file", "etc/link");
  Link("usr/lib", "lib");
  EXPECT_THAT(Read("etc/link"), IsOkAndHolds("inside"));
  EXPECT_THAT(Read("lib/file"), IsOkAndHolds("inside"));
}

TEST_F(OpenInRootTest, AbsoluteLinksStartAtTheRoot) {
  Link("/usr/lib/file", "etc/link");
  Link("/usr", "etc/usr");
  EXPECT_THAT(Read("etc/link"), IsOkAndHolds("inside"));
  EXPECT_THAT(Read("etc/usr/lib/file"), IsOkAndHolds("inside"));
  Link(temp_.path() + "/outside", "etc/escape");
  EXPECT_THAT(Read("etc/escape"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(OpenInRootTest, DotDotCannotLeaveTheRoot) {
  Link("../../../outside", "etc/escape");
  EXPECT_THAT(Read("etc/escape"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Read("../outside"),
              StatusIs(absl::StatusCode::kNotFound,
                       "/rootfs/../outside: No such file or directory"));
  Link("../../usr/lib/file", "etc/link");
  EXPECT_THAT(Read("etc/link"), IsOkAndHolds("inside"));
}

TEST_F(OpenInRootTest, ChainOfMoreThanFortyLinksIsAnError) {
  Link("../usr/lib/file", "etc/0");
  for (int i = 1; i <= 40; ++i) {
    Link(std::to_string(i - 1), "etc/" + std::to_string(i));
  }
  EXPECT_THAT(Read("etc/39"), IsOkAndHolds("inside"));
  EXPECT_THAT(Read("etc/40"),
              StatusIs(absl::StatusCode::kUnknown,
                       "/rootfs/etc/40: Too many levels of symbolic links"));
  Link("loop", "etc/loop");
  EXPECT_THAT(Read("etc/loop"), StatusIs(absl::StatusCode::kUnknown));
}

TEST_F(OpenInRootTest, ErrorsHaveTheSystemsCodeAndThePath) {
  EXPECT_THAT(Read("usr/missing/file"),
              StatusIs(absl::StatusCode::kNotFound,
                       "/rootfs/usr/missing/file: No such file or directory"));
  EXPECT_THAT(Read("usr/lib/file/x"),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "/rootfs/usr/lib/file/x: Not a directory"));
}

TEST_F(OpenInRootTest, CreatesMissingDirectoriesBehindLinks) {
  Link("/var/lib/docker", "opt");
  const auto create = [](int parent,
                         const std::string& name) -> absl::StatusOr<UniqueFd> {
    EXPECT_EQ(mkdirat(parent, name.c_str(), 0755), 0);
    return UniqueFd(openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY));
  };
  EXPECT_THAT(OpenInRoot(root_, "opt/nvidia", O_RDONLY | O_DIRECTORY, create),
              IsOk());
  EXPECT_TRUE(fs::is_directory(Path("var/lib/docker/nvidia")));
}

}  // namespace
}  // namespace gantry
