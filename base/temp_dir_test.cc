#include "base/temp_dir.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry {
namespace {

namespace fs = std::filesystem;

TEST(TempDirTest, IsRemovedWithItsContent) {
  std::string path;
  {
    auto dir = TempDir::Create(testing::TempDir());
    ASSERT_THAT(dir, IsOk());
    path = dir->path();
    fs::create_directories(path + "/a/b");
    std::ofstream(path + "/a/b/c") << "x";
    fs::permissions(path + "/a/b", fs::perms::owner_read);
    ASSERT_TRUE(fs::exists(path));
  }
  EXPECT_FALSE(fs::exists(path));
}

TEST(TempDirTest, MovingTransfersOwnership) {
  auto first = TempDir::Create(testing::TempDir());
  auto second = TempDir::Create(testing::TempDir());
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(second, IsOk());
  const std::string kept = first->path(), dropped = second->path();
  *second = *std::move(first);
  EXPECT_FALSE(fs::exists(dropped));
  EXPECT_TRUE(fs::exists(kept));
  EXPECT_EQ(second->path(), kept);
}

TEST(TempDirTest, MissingParentIsNotFound) {
  EXPECT_THAT(TempDir::Create("/nonexistent"),
              StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace gantry
