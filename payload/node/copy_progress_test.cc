#include "payload/node/copy_progress.h"

#include "gtest/gtest.h"

namespace gantry::node {
namespace {

TEST(CopyProgressTest, TextShowsWhatIsCopiedAndTheTotal) {
  CopyProgress progress(nullptr);
  progress.AddTotal(1500, 1);
  progress.AddTotal(500, 1);
  EXPECT_EQ(progress.Text(), "  0 %: 0 B of 2.0 kB, 0 of 2 files");
  progress.AddBytes(1500);
  progress.AddFile();
  EXPECT_EQ(progress.Text(), " 75 %: 1.5 kB of 2.0 kB, 1 of 2 files");
  progress.AddBytes(500);
  progress.AddFile();
  EXPECT_EQ(progress.Text(), "100 %: 2.0 kB of 2.0 kB, 2 of 2 files");
  EXPECT_EQ(progress.bytes(), 2000);
  EXPECT_EQ(progress.files(), 2);
}

TEST(CopyProgressTest, EmptyFilesAreComplete) {
  CopyProgress progress(nullptr);
  progress.AddTotal(0, 1);
  EXPECT_EQ(progress.Text(), "100 %: 0 B of 0 B, 0 of 1 files");
}

TEST(CopyProgressTest, BytesAreFormattedInDecimalUnits) {
  EXPECT_EQ(FormatBytes(0), "0 B");
  EXPECT_EQ(FormatBytes(999), "999 B");
  EXPECT_EQ(FormatBytes(1000), "1.0 kB");
  EXPECT_EQ(FormatBytes(6630000000), "6.6 GB");
}

}  // namespace
}  // namespace gantry::node
