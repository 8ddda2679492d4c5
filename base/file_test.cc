#include "base/file.h"

#include <filesystem>
#include <iterator>
#include <string>

#include "absl/status/status.h"
#include "base/status_matchers.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry {
namespace {

namespace fs = std::filesystem;

class FileTest : public testing::Test {
 protected:
  const TempDir temp_ = *TempDir::Create();
  const std::string directory_ = temp_.path();
};

TEST_F(FileTest, ReadsBackWhatWasWritten) {
  const std::string path = JoinPath(directory_, "file");
  const std::string content("a\0b\n", 4);
  ASSERT_THAT(WriteFileAtomically(path, "older, longer content"), IsOk());
  ASSERT_THAT(WriteFileAtomically(path, content), IsOk());
  EXPECT_THAT(ReadFile(path), IsOkAndHolds(content));
  EXPECT_EQ(fs::status(path).permissions(), fs::perms(0644));
}

TEST_F(FileTest, FailedWriteLeavesTheOldFileAndNothingElse) {
  const std::string path = JoinPath(directory_, "target");
  fs::create_directories(JoinPath(path, "x"));  // rename(2) must fail.
  EXPECT_THAT(WriteFileAtomically(path, "content"),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       path + ": Is a directory"));
  EXPECT_TRUE(fs::is_directory(path));
  EXPECT_EQ(std::distance(fs::directory_iterator(directory_), {}), 1);
}

TEST_F(FileTest, ErrorsNameThePath) {
  EXPECT_THAT(ReadFile("/nonexistent/file"),
              StatusIs(absl::StatusCode::kNotFound,
                       "/nonexistent/file: No such file or directory"));
  EXPECT_THAT(WriteFileAtomically("/nonexistent/file", ""),
              StatusIs(absl::StatusCode::kNotFound,
                       "/nonexistent/file: No such file or directory"));
}

TEST_F(FileTest, CreatesDirectoriesOnce) {
  const std::string path = JoinPath(directory_, "x/y/z");
  EXPECT_THAT(CreateDirectories(path), IsOk());
  EXPECT_THAT(CreateDirectories(path), IsOk());
  EXPECT_TRUE(fs::is_directory(path));
}

TEST_F(FileTest, JoinsPaths) {
  EXPECT_EQ(JoinPath("a", "b"), "a/b");
  EXPECT_EQ(JoinPath("a/", "/b"), "a/b");
  EXPECT_EQ(JoinPath("/", "b"), "/b");
  EXPECT_EQ(JoinPath("", "b"), "b");
}

}  // namespace
}  // namespace gantry
