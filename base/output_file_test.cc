#include "base/output_file.h"

#include <unistd.h>

#include <string>

#include "absl/status/status.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry {
namespace {

class OutputFileTest : public testing::Test {
 protected:
  std::string Path(const std::string& name) const {
    return JoinPath(directory_.path(), name);
  }

  const TempDir directory_ = *TempDir::Create();
};

TEST_F(OutputFileTest, ClosedFileIsKept) {
  {
    auto file = OutputFile::Create(Path("x"));
    ASSERT_THAT(file, IsOk());
    ASSERT_THAT(file->Append("one "), IsOk());
    ASSERT_THAT(file->Append("two"), IsOk());
    ASSERT_THAT(file->Close(), IsOk());
  }
  EXPECT_THAT(ReadFile(Path("x")), IsOkAndHolds("one two"));
}

TEST_F(OutputFileTest, AbandonedFileIsRemoved) {
  {
    auto file = OutputFile::Create(Path("x"));
    ASSERT_THAT(file, IsOk());
    ASSERT_THAT(file->Append("half"), IsOk());
  }
  EXPECT_EQ(access(Path("x").c_str(), F_OK), -1);
}

TEST_F(OutputFileTest, FullDiskIsAnErrorThatLeavesNothing) {
  ASSERT_EQ(symlink("/dev/full", Path("x").c_str()), 0);
  {
    auto file = OutputFile::Create(Path("x"));
    ASSERT_THAT(file, IsOk());
    EXPECT_THAT(file->Append("data"),
                StatusIs(absl::StatusCode::kResourceExhausted,
                         Path("x") + ": No space left on device"));
  }
  EXPECT_EQ(access(Path("x").c_str(), F_OK), -1);
  EXPECT_EQ(access("/dev/full", F_OK), 0);
}

}  // namespace
}  // namespace gantry
