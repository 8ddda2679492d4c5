#include "base/unnamed_file.h"

#include <stdlib.h>

#include <filesystem>
#include <string>

#include "absl/status/status.h"
#include "base/fd_io.h"
#include "base/status_matchers.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry {
namespace {

TEST(UnnamedFileTest, IsReadableAndWritableAndHasNoName) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const TempDir directory, TempDir::Create());
  GANTRY_ASSERT_OK_AND_ASSIGN(const UniqueFd fd,
                              CreateUnnamedFile(directory.path()));
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
  ASSERT_THAT(WriteAll(fd.get(), "text", "scratch"), IsOk());
  std::string buffer(4, '\0');
  EXPECT_THAT(ReadAllAt(fd.get(), 0, &buffer[0], 4, "scratch"), IsOk());
  EXPECT_EQ(buffer, "text");
}

TEST(UnnamedFileTest, EmptyDirectoryMeansTmpdir) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const TempDir directory, TempDir::Create());
  ASSERT_EQ(setenv("TMPDIR", (directory.path() + "/missing").c_str(), 1), 0);
  EXPECT_THAT(CreateUnnamedFile(""),
              StatusIs(absl::StatusCode::kNotFound,
                       testing::StartsWith(directory.path() + "/missing/")));
}

}  // namespace
}  // namespace gantry
