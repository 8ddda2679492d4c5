#include "base/text_table.h"

#include "gtest/gtest.h"

namespace gantry {
namespace {

TEST(TextTableTest, ColumnsAreAsWideAsTheirWidestText) {
  EXPECT_EQ(FormatTextTable({{"NAME", "STATE", "REASON"},
                             {"a", "built", ""},
                             {"longer", "", "too old"}}),
            "NAME    STATE  REASON\n"
            "a       built\n"
            "longer         too old\n");
}

TEST(TextTableTest, LastTextOfARowDoesNotWidenItsColumn) {
  EXPECT_EQ(FormatTextTable({{"lock", "/a/long/path"}, {"driver", "1", "x"}}),
            "lock    /a/long/path\n"
            "driver  1  x\n");
}

TEST(TextTableTest, NoRowsAreNoText) { EXPECT_EQ(FormatTextTable({}), ""); }

}  // namespace
}  // namespace gantry
