#include "builder/container/staged_outputs.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "base/file.h"
#include "base/temp_dir.h"
#include "gtest/gtest.h"

namespace gantry::container {
namespace {

class StagedOutputsTest : public testing::Test {
 protected:
  StagedOutputsTest() : folder_(*TempDir::Create()) {}

  std::string Path(const std::string& name) const {
    return JoinPath(folder_.path(), name);
  }

  const TempDir folder_;
};

TEST_F(StagedOutputsTest, FilesAppearTogether) {
  StagedOutputs outputs;
  ASSERT_TRUE(outputs.Write(Path("a"), "content of a").ok());
  const auto fd = outputs.Create(Path("b"));
  ASSERT_TRUE(fd.ok()) << fd.status();
  ASSERT_EQ(write(*fd, "b", 1), 1);
  close(*fd);
  EXPECT_FALSE(std::filesystem::exists(Path("a")));
  EXPECT_FALSE(std::filesystem::exists(Path("b")));
  ASSERT_TRUE(outputs.Commit().ok());
  EXPECT_EQ(*ReadFile(Path("a")), "content of a");
  EXPECT_EQ(*ReadFile(Path("b")), "b");
  struct stat info;
  ASSERT_EQ(stat(Path("a").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0644u);
}

TEST_F(StagedOutputsTest, NothingStaysWithoutCommit) {
  {
    StagedOutputs outputs;
    ASSERT_TRUE(outputs.Write(Path("a"), "content").ok());
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(StagedOutputsTest, NothingStaysIfOneCannotBeNamed) {
  ASSERT_TRUE(CreateDirectories(Path("b/occupied")).ok());
  {
    StagedOutputs outputs;
    ASSERT_TRUE(outputs.Write(Path("a"), "content").ok());
    ASSERT_TRUE(outputs.Write(Path("b"), "content").ok());
    EXPECT_EQ(outputs.Commit().message(), Path("b") + ": Is a directory");
  }
  EXPECT_FALSE(std::filesystem::exists(Path("a")));
  EXPECT_TRUE(std::filesystem::is_empty(Path("b/occupied")));
}

TEST_F(StagedOutputsTest, MissingFolderIsNotFound) {
  StagedOutputs outputs;
  EXPECT_EQ(
      outputs.Write(Path("none/a"), ""),
      absl::NotFoundError(Path("none/a") + ": No such file or directory"));
}

}  // namespace
}  // namespace gantry::container
