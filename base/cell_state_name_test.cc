#include "base/cell_state_name.h"

#include "absl/status/status.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/cell.pb.h"

namespace gantry {
namespace {

using ::gantry::release::v1::CellState;
using ::testing::HasSubstr;

TEST(CellStateNameTest, EveryStateHasANameThatTheErrorLists) {
  for (int i = release::v1::CELL_STATE_UNSPECIFIED + 1;
       i < release::v1::CellState_ARRAYSIZE; ++i) {
    const std::string name = CellStateName(static_cast<CellState>(i));
    EXPECT_THAT(ParseCellStateName(name),
                IsOkAndHolds(static_cast<CellState>(i)));
    EXPECT_THAT(ParseCellStateName("none"),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(name)));
  }
  EXPECT_EQ(CellStateName(release::v1::CELL_STATE_BUILT), "built");
}

TEST(CellStateNameTest, UnknownNamesAreInvalid) {
  for (const char* name : {"", "unspecified", "cell_state_built"}) {
    EXPECT_THAT(
        ParseCellStateName(name),
        StatusIs(absl::StatusCode::kInvalidArgument,
                 "unknown cell state \"" + std::string(name) +
                     "\"; expected one of planned, building, built, failed, "
                     "excluded, retired, blocked"));
  }
}

}  // namespace
}  // namespace gantry
