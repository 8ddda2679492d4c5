#include "builder/container/disk_file.h"

#include <string>

#include "base/file.h"
#include "base/temp_dir.h"
#include "gtest/gtest.h"

namespace gantry::container {
namespace {

TEST(DiskFileTest, ReadsAnywhere) {
  const auto folder = TempDir::Create();
  const std::string path = JoinPath(folder->path(), "disk");
  ASSERT_TRUE(WriteFileAtomically(path, "0123456789").ok());
  const auto disk = DiskFile::Open(path);
  ASSERT_TRUE(disk.ok()) << disk.status();
  EXPECT_EQ(disk->size(), 10);
  char buffer[3];
  ASSERT_TRUE(disk->ReadAt(7, buffer, 3).ok());
  EXPECT_EQ(std::string(buffer, 3), "789");
  EXPECT_TRUE(disk->ReadAt(10, buffer, 0).ok());
}

TEST(DiskFileTest, ReadingBeyondTheEndIsDataLoss) {
  const auto folder = TempDir::Create();
  const std::string path = JoinPath(folder->path(), "disk");
  ASSERT_TRUE(WriteFileAtomically(path, "0123456789").ok());
  const auto disk = DiskFile::Open(path);
  char buffer[3];
  EXPECT_EQ(
      disk->ReadAt(8, buffer, 3),
      absl::DataLossError(
          path + ": truncated: 3 bytes wanted at byte 8, the image has 10"));
  EXPECT_EQ(disk->ReadAt(UINT64_MAX, buffer, 3).code(),
            absl::StatusCode::kDataLoss);
}

TEST(DiskFileTest, WhatIsNotAFileIsRefusedByName) {
  EXPECT_EQ(DiskFile::Open("/nonexistent").status(),
            absl::NotFoundError("/nonexistent: No such file or directory"));
  EXPECT_EQ(DiskFile::Open("/").status(),
            absl::InvalidArgumentError("/: not a regular file"));
}

}  // namespace
}  // namespace gantry::container
