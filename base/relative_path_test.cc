#include "base/relative_path.h"

#include "absl/status/status.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry {
namespace {

TEST(RelativePathTest, CleanPathHasNoRedundantComponents) {
  EXPECT_THAT(CleanRelativePath("./usr//lib/./x/"), IsOkAndHolds("usr/lib/x"));
  EXPECT_THAT(CleanRelativePath("..x/x.."), IsOkAndHolds("..x/x.."));
  EXPECT_THAT(CleanRelativePath("./"), IsOkAndHolds(""));
}

TEST(RelativePathTest, UnsafePathIsInvalidArgument) {
  EXPECT_THAT(CleanRelativePath("/etc/passwd"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "unsafe path \"/etc/passwd\": it is absolute"));
  EXPECT_THAT(
      CleanRelativePath("lib/../../x"),
      StatusIs(absl::StatusCode::kInvalidArgument,
               "unsafe path \"lib/../../x\": it has a \"..\" component"));
  EXPECT_THAT(CleanRelativePath(absl::string_view("a\0/b", 4)),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "unsafe path \"a\\x00/b\": it has a NUL"));
}

TEST(RelativePathTest, LinksResolveAsInTheKernel) {
  EXPECT_THAT(ResolveLink("lib64/libx.so", "libx.so.1"),
              IsOkAndHolds("lib64/libx.so.1"));
  EXPECT_THAT(ResolveLink("a/b/c", "../../lib/./x"), IsOkAndHolds("lib/x"));
  EXPECT_THAT(ResolveLink("a/b", ".."), IsOkAndHolds(""));
}

TEST(RelativePathTest, LinkOutOfTheTreeIsInvalidArgument) {
  EXPECT_THAT(ResolveLink("a/b", "../../x"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "unsafe path \"../../x\": it leads out of the "
                       "tree"));
  EXPECT_THAT(ResolveLink("a", "/x"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "unsafe path \"/x\": it is absolute"));
  EXPECT_THAT(ResolveLink("a", ""), StatusIs(absl::StatusCode::kInvalidArgument,
                                             "unsafe path \"\": it is empty"));
}

TEST(RelativePathTest, RelativeLinkTargetIsTheInverseOfResolveLink) {
  for (const char* link : {"a", "lib64/x", "nvvm/lib64/deep/x"}) {
    for (const char* path : {"b", "lib64/y", "lib64", "nvvm/lib64/y"}) {
      EXPECT_THAT(ResolveLink(link, RelativeLinkTarget(link, path)),
                  IsOkAndHolds(path))
          << link;
    }
  }
  EXPECT_EQ(RelativeLinkTarget("lib64/x", "lib64/y"), "y");
  EXPECT_EQ(RelativeLinkTarget("lib64/x", "lib64"), ".");
}

}  // namespace
}  // namespace gantry
