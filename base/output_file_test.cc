#include "base/output_file.h"

#include <unistd.h>

#include <string>

#include "base/file.h"
#include "base/temp_dir.h"
#include "gtest/gtest.h"

namespace gantry {
namespace {

class OutputFileTest : public testing::Test {
 protected:
  std::string Path(const std::string& name) const {
    return JoinPath(folder_.path(), name);
  }

  const TempDir folder_ = *TempDir::Create();
};

TEST_F(OutputFileTest, ClosedFileStays) {
  {
    auto file = OutputFile::Create(Path("x"));
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(file->Append("one ").ok());
    ASSERT_TRUE(file->Append("two").ok());
    ASSERT_TRUE(file->Close().ok());
  }
  EXPECT_EQ(*ReadFile(Path("x")), "one two");
}

TEST_F(OutputFileTest, AbandonedFileIsRemoved) {
  {
    auto file = OutputFile::Create(Path("x"));
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(file->Append("half").ok());
  }
  EXPECT_EQ(access(Path("x").c_str(), F_OK), -1);
}

TEST_F(OutputFileTest, FullDiskIsAnErrorThatLeavesNothing) {
  ASSERT_EQ(symlink("/dev/full", Path("x").c_str()), 0);
  {
    auto file = OutputFile::Create(Path("x"));
    ASSERT_TRUE(file.ok());
    EXPECT_EQ(file->Append("data").ToString(),
              "RESOURCE_EXHAUSTED: " + Path("x") + ": No space left on device");
  }
  EXPECT_EQ(access(Path("x").c_str(), F_OK), -1);
  EXPECT_EQ(access("/dev/full", F_OK), 0);
}

}  // namespace
}  // namespace gantry
