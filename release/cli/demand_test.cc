#include "release/cli/demand.h"

#include <cstdint>
#include <string>
#include <vector>

#include "base/cells_in_demand.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/cell.pb.h"

namespace gantry::cli {
namespace {

using ::gantry::release::v1::Cell;
using ::testing::IsEmpty;

Cell MakeCell(const std::string& id, int64_t demand) {
  Cell cell;
  cell.set_id(id);
  cell.set_state(release::v1::CELL_STATE_PLANNED);
  cell.set_demand(demand);
  return cell;
}

TEST(DemandTest, HighestDemandIsFirst) {
  Cell failed = MakeCell("c", 12);
  failed.set_state(release::v1::CELL_STATE_FAILED);
  failed.set_reason("no space");
  EXPECT_EQ(FormatDemand(CellsInDemand({MakeCell("a", 3), MakeCell("b", 0),
                                        failed, MakeCell("d", 3)})),
            "DEMAND  CELL  STATE    REASON\n"
            "12      c     failed   no space\n"
            "3       a     planned\n"
            "3       d     planned\n");
}

TEST(DemandTest, NoDemandIsSaidToBeNone) {
  EXPECT_THAT(CellsInDemand({MakeCell("a", 0)}), IsEmpty());
  EXPECT_EQ(FormatDemand({}), "no node has asked in vain\n");
}

}  // namespace
}  // namespace gantry::cli
