#include "base/file.h"

#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "gtest/gtest.h"

namespace gantry {
namespace {

namespace fs = std::filesystem;

std::string FreshFolder(const std::string& name) {
  const std::string path = JoinPath(testing::TempDir(), name);
  fs::remove_all(path);
  fs::create_directories(path);
  return path;
}

TEST(FileTest, ReadsBackWhatWasWritten) {
  const std::string path = JoinPath(FreshFolder("a"), "file");
  const std::string content("a\0b\n", 4);
  ASSERT_TRUE(WriteFileAtomically(path, "older, longer content").ok());
  ASSERT_TRUE(WriteFileAtomically(path, content).ok());
  EXPECT_EQ(*ReadFile(path), content);
  EXPECT_EQ(fs::status(path).permissions(), fs::perms(0644));
}

TEST(FileTest, FailedWriteLeavesTheOldFileAndNothingElse) {
  const std::string folder = FreshFolder("b");
  const std::string path = JoinPath(folder, "target");
  fs::create_directories(JoinPath(path, "x"));  // rename(2) must fail.
  EXPECT_FALSE(WriteFileAtomically(path, "content").ok());
  EXPECT_TRUE(fs::is_directory(path));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), {}), 1);
}

TEST(FileTest, ErrorsNameThePath) {
  const absl::Status read = ReadFile("/nonexistent/file").status();
  EXPECT_EQ(read.code(), absl::StatusCode::kNotFound);
  EXPECT_NE(read.message().find("/nonexistent/file"), std::string::npos);
  const absl::Status write = WriteFileAtomically("/nonexistent/file", "");
  EXPECT_EQ(write.code(), absl::StatusCode::kNotFound);
  EXPECT_NE(write.message().find("/nonexistent/file"), std::string::npos);
}

TEST(FileTest, CreatesFoldersOnce) {
  const std::string path = JoinPath(FreshFolder("c"), "x/y/z");
  EXPECT_TRUE(CreateDirectories(path).ok());
  EXPECT_TRUE(CreateDirectories(path).ok());
  EXPECT_TRUE(fs::is_directory(path));
}

TEST(FileTest, JoinsPaths) {
  EXPECT_EQ(JoinPath("a", "b"), "a/b");
  EXPECT_EQ(JoinPath("a/", "/b"), "a/b");
  EXPECT_EQ(JoinPath("/", "b"), "/b");
  EXPECT_EQ(JoinPath("", "b"), "b");
}

}  // namespace
}  // namespace gantry
