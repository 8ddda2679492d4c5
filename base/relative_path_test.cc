#include "base/relative_path.h"

#include "gtest/gtest.h"

namespace gantry {
namespace {

TEST(RelativePathTest, CleanPathHasNoSuperfluousParts) {
  EXPECT_EQ(*CleanRelativePath("./usr//lib/./x/"), "usr/lib/x");
  EXPECT_EQ(*CleanRelativePath("..x/x.."), "..x/x..");
  EXPECT_EQ(*CleanRelativePath("./"), "");
}

TEST(RelativePathTest, UnsafePathIsRefused) {
  EXPECT_EQ(CleanRelativePath("/etc/passwd").status().ToString(),
            "INVALID_ARGUMENT: unsafe path \"/etc/passwd\": it is absolute");
  EXPECT_EQ(
      CleanRelativePath("lib/../../x").status().ToString(),
      "INVALID_ARGUMENT: unsafe path \"lib/../../x\": it has a \"..\" part");
  EXPECT_EQ(
      CleanRelativePath(absl::string_view("a\0/b", 4)).status().ToString(),
      "INVALID_ARGUMENT: unsafe path \"a\\x00/b\": it has a NUL");
}

TEST(RelativePathTest, LinkLeadsWhereTheKernelWouldGo) {
  EXPECT_EQ(*ResolveLink("lib64/libx.so", "libx.so.1"), "lib64/libx.so.1");
  EXPECT_EQ(*ResolveLink("a/b/c", "../../lib/./x"), "lib/x");
  EXPECT_EQ(*ResolveLink("a/b", ".."), "");
}

TEST(RelativePathTest, LinkOutOfTheTreeIsRefused) {
  EXPECT_EQ(ResolveLink("a/b", "../../x").status().ToString(),
            "INVALID_ARGUMENT: unsafe path \"../../x\": it leads out of the "
            "tree");
  EXPECT_EQ(ResolveLink("a", "/x").status().ToString(),
            "INVALID_ARGUMENT: unsafe path \"/x\": it is absolute");
  EXPECT_EQ(ResolveLink("a", "").status().ToString(),
            "INVALID_ARGUMENT: unsafe path \"\": it is empty");
}

TEST(RelativePathTest, RelativeLinkTargetIsTheInverseOfResolveLink) {
  for (const char* link : {"a", "lib64/x", "nvvm/lib64/deep/x"}) {
    for (const char* path : {"b", "lib64/y", "lib64", "nvvm/lib64/y"}) {
      EXPECT_EQ(*ResolveLink(link, RelativeLinkTarget(link, path)), path)
          << link;
    }
  }
  EXPECT_EQ(RelativeLinkTarget("lib64/x", "lib64/y"), "y");
  EXPECT_EQ(RelativeLinkTarget("lib64/x", "lib64"), ".");
}

}  // namespace
}  // namespace gantry
