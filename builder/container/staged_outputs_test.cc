#include "builder/container/staged_outputs.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "absl/status/status.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::container {
namespace {

class StagedOutputsTest : public testing::Test {
 protected:
  StagedOutputsTest() : directory_(*TempDir::Create()) {}

  std::string Path(const std::string& name) const {
    return JoinPath(directory_.path(), name);
  }

  const TempDir directory_;
};

TEST_F(StagedOutputsTest, FilesAppearTogether) {
  StagedOutputs outputs;
  ASSERT_THAT(outputs.Write(Path("a"), "content of a"), IsOk());
  GANTRY_ASSERT_OK_AND_ASSIGN(const UniqueFd fd, outputs.Create(Path("b")));
  ASSERT_EQ(write(fd.get(), "b", 1), 1);
  EXPECT_FALSE(std::filesystem::exists(Path("a")));
  EXPECT_FALSE(std::filesystem::exists(Path("b")));
  ASSERT_THAT(outputs.Commit(), IsOk());
  EXPECT_THAT(ReadFile(Path("a")), IsOkAndHolds("content of a"));
  EXPECT_THAT(ReadFile(Path("b")), IsOkAndHolds("b"));
  struct stat info;
  ASSERT_EQ(stat(Path("a").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0644u);
}

TEST_F(StagedOutputsTest, NothingIsLeftWithoutCommit) {
  {
    StagedOutputs outputs;
    ASSERT_THAT(outputs.Write(Path("a"), "content"), IsOk());
  }
  EXPECT_TRUE(std::filesystem::is_empty(directory_.path()));
}

TEST_F(StagedOutputsTest, NothingIsLeftIfARenameFails) {
  ASSERT_THAT(CreateDirectories(Path("b/occupied")), IsOk());
  {
    StagedOutputs outputs;
    ASSERT_THAT(outputs.Write(Path("a"), "content"), IsOk());
    ASSERT_THAT(outputs.Write(Path("b"), "content"), IsOk());
    EXPECT_THAT(outputs.Commit(),
                StatusIs(absl::StatusCode::kFailedPrecondition,
                         Path("b") + ": Is a directory"));
  }
  EXPECT_FALSE(std::filesystem::exists(Path("a")));
  EXPECT_TRUE(std::filesystem::is_empty(Path("b/occupied")));
}

TEST_F(StagedOutputsTest, MissingDirectoryIsNotFound) {
  StagedOutputs outputs;
  EXPECT_THAT(outputs.Write(Path("none/a"), ""),
              StatusIs(absl::StatusCode::kNotFound,
                       Path("none/a") + ": No such file or directory"));
}

}  // namespace
}  // namespace gantry::container
