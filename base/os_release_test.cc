#include "base/os_release.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(OsReleaseTest, ReadsQuotedAndPlainValues) {
  const auto values = ParseKeyValues(
      "# a comment\n\nID=debian\nVERSION_ID=\"12\"\nNAME='a \"b\"'\n"
      "X=a\\ b\n");
  ASSERT_TRUE(values.ok()) << values.status();
  EXPECT_THAT(*values,
              ElementsAre(Pair("ID", "debian"), Pair("NAME", "a \"b\""),
                          Pair("VERSION_ID", "12"), Pair("X", "a b")));
}

TEST(OsReleaseTest, ErrorsNameTheLine) {
  EXPECT_EQ(ParseKeyValues("ID=a\nnonsense\n").status(),
            absl::InvalidArgumentError("line 2: not KEY=value"));
  EXPECT_EQ(ParseKeyValues("ID=\"a\n").status(),
            absl::InvalidArgumentError("line 1: unbalanced quote"));
}

}  // namespace
}  // namespace gantry
