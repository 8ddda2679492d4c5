#include "release/cli/failures.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/failure_groups.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/cell.pb.h"

namespace gantry::cli {
namespace {

using ::gantry::release::v1::Cell;
using ::testing::HasSubstr;

Cell FailedCell(const std::string& id, const std::string& fingerprint,
                const std::string& reason) {
  Cell cell;
  cell.set_id(id);
  cell.set_state(release::v1::CELL_STATE_FAILED);
  cell.mutable_failure()->set_fingerprint(fingerprint);
  cell.set_reason(reason);
  return cell;
}

std::vector<FailureGroup> TestGroups() {
  return GroupFailures({
      FailedCell("a", "v1:fetch:1", "no route to 10.0.0.1"),
      FailedCell("b", "", "interrupted"),
      FailedCell("c", "v1:compile:2", "nv-pci.c:196: too few arguments"),
      FailedCell("d", "v1:compile:2", "nv-pci.c:197: too few arguments"),
      FailedCell("e", "", "no space"),
      FailedCell("f", "", "interrupted"),
  });
}

TEST(FailuresTest, LargestGroupsAreFirst) {
  EXPECT_EQ(FormatFailures(TestGroups()),
            "2  -  interrupted\n"
            "  b\n"
            "  f\n"
            "2  v1:compile:2  nv-pci.c:196: too few arguments\n"
            "  c\n"
            "  d\n"
            "1  -  no space\n"
            "  e\n"
            "1  v1:fetch:1  no route to 10.0.0.1\n"
            "  a\n");
}

TEST(FailuresTest, BlockedCellsAreGroupsOfTheirOwn) {
  Cell blocked = FailedCell("b", "", "siblings a and c fail alike");
  blocked.set_state(release::v1::CELL_STATE_BLOCKED);
  const auto groups =
      GroupFailures({FailedCell("a", "v1:compile:2", "error"), blocked,
                     FailedCell("c", "v1:compile:2", "error")});
  EXPECT_EQ(FormatFailures(groups),
            "2  v1:compile:2  error\n"
            "  a\n"
            "  c\n"
            "1  blocked  siblings a and c fail alike\n"
            "  b\n");
  EXPECT_THAT(FailuresJson(groups),
              IsOkAndHolds(HasSubstr("   \"blocked\": true,\n")));
}

TEST(FailuresTest, JsonHasAllGroups) {
  const auto json = FailuresJson(GroupFailures(
      {FailedCell("c", "v1:compile:2", "error"),
       FailedCell("d", "v1:compile:2", "error on another line")}));
  EXPECT_THAT(json, IsOkAndHolds("{\n"
                                 " \"failures\": [\n"
                                 "  {\n"
                                 "   \"blocked\": false,\n"
                                 "   \"count\": 2,\n"
                                 "   \"fingerprint\": \"v1:compile:2\",\n"
                                 "   \"ids\": [\n"
                                 "    \"c\",\n"
                                 "    \"d\"\n"
                                 "   ],\n"
                                 "   \"reason\": \"error\"\n"
                                 "  }\n"
                                 " ]\n"
                                 "}\n"));
}

TEST(FailuresTest, NoFailuresAreSaidToBeNone) {
  EXPECT_EQ(FormatFailures({}), "no cell has failed\n");
  EXPECT_THAT(FailuresJson({}), IsOkAndHolds("{\n \"failures\": []\n}\n"));
}

TEST(FailuresTest, ReasonThatIsNotUtf8HasNoJsonForm) {
  EXPECT_THAT(FailuresJson(GroupFailures({FailedCell("a", "", "\xff")})),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("has no JSON form")));
}

}  // namespace
}  // namespace gantry::cli
