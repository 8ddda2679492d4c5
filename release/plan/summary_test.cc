#include "release/plan/summary.h"

#include <string>

#include "base/textproto.h"
#include "gtest/gtest.h"

namespace gantry::plan {
namespace {

using ::gantry::matrix::v1::Lock;

TEST(SummaryTest, ALineForEachPart) {
  Lock lock;
  const absl::Status status = ParseTextProto(
      R"(
        releases { name: "flatcar-4230.2.0" channel: "stable" }
        drivers { version: "535.261.03" flavour: DRIVER_FLAVOUR_OPEN }
        cuda_toolkits { version: "12.4" components {} components {} }
        cells { id: "a" }
        cells { id: "b" exclusion_reason: "why" }
      )",
      "lock", lock);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(TextSummary(lock, "/state/lock"),
            "release  flatcar-4230.2.0  (channel stable)\n"
            "driver   535.261.03  open\n"
            "cuda     12.4  (2 components)\n"
            "cells    2, 1 of them excluded\n"
            "lock     /state/lock\n");
}

}  // namespace
}  // namespace gantry::plan
