#include "base/input_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry {
namespace {

class InputFileTest : public testing::Test {
 protected:
  InputFileTest() {
    EXPECT_THAT(WriteFileAtomically(path_, "0123456789"), IsOk());
  }

  const TempDir directory_ = *TempDir::Create();
  const std::string path_ = JoinPath(directory_.path(), "x");
};

TEST_F(InputFileTest, ReadsAtAnyOffset) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const InputFile file, InputFile::Open(path_));
  EXPECT_EQ(file.size(), 10);
  EXPECT_EQ(file.name(), path_);
  std::string buffer(3, '\0');
  EXPECT_THAT(file.ReadAt(7, &buffer[0], 3), IsOk());
  EXPECT_EQ(buffer, "789");
  EXPECT_THAT(file.ReadAt(0, &buffer[0], 3), IsOk());
  EXPECT_EQ(buffer, "012");
  EXPECT_THAT(file.ReadAt(10, &buffer[0], 0), IsOk());
}

TEST_F(InputFileTest, ReadingPastTheEndReturnsDataLoss) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const InputFile file, InputFile::Open(path_));
  char buffer[16];
  EXPECT_THAT(file.ReadAt(8, buffer, 3),
              StatusIs(absl::StatusCode::kDataLoss,
                       path_ + ": truncated: needs 3 bytes at byte 8, but the "
                               "file has 10"));
  // Must not overflow.
  EXPECT_THAT(file.ReadAt(8, buffer, UINT64_MAX),
              StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(file.ReadAt(UINT64_MAX, buffer, 2),
              StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(InputFileTest, FileThatShrinksReturnsDataLoss) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const InputFile file, InputFile::Open(path_));
  ASSERT_EQ(truncate(path_.c_str(), 4), 0);
  char buffer[10];
  EXPECT_THAT(file.ReadAt(0, buffer, 10),
              StatusIs(absl::StatusCode::kDataLoss,
                       path_ + ": truncated: ends before byte 4"));
}

TEST_F(InputFileTest, OnlyRegularFilesCanBeOpened) {
  EXPECT_THAT(InputFile::Open(path_ + "-missing"),
              StatusIs(absl::StatusCode::kNotFound,
                       path_ + "-missing: No such file or directory"));
  EXPECT_THAT(InputFile::Open(directory_.path()),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       directory_.path() + ": not a regular file"));
  const std::string fifo = JoinPath(directory_.path(), "fifo");
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_THAT(InputFile::Open(fifo),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       fifo + ": not a regular file"));
}

TEST_F(InputFileTest, StaysOpenWhenMoved) {
  GANTRY_ASSERT_OK_AND_ASSIGN(InputFile file, InputFile::Open(path_));
  const InputFile moved = std::move(file);
  char byte = 0;
  EXPECT_THAT(moved.ReadAt(9, &byte, 1), IsOk());
  EXPECT_EQ(byte, '9');
}

}  // namespace
}  // namespace gantry
