#include "release/plan/summary.h"

#include "base/status_matchers.h"
#include "base/textproto.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/lock.pb.h"

namespace gantry::plan {
namespace {

using ::gantry::matrix::v1::Lock;

TEST(SummaryTest, LockIsATable) {
  Lock lock;
  ASSERT_THAT(ParseTextProto(
                  R"(
                    releases { name: "coreos-2023.4.0" channels: "stable" }
                    releases {
                      name: "flatcar-4230.2.0"
                      channels: "stable"
                      channels: "beta"
                    }
                    drivers {
                      version: "535.261.03" flavour: DRIVER_FLAVOUR_OPEN
                    }
                    drivers { version: "1.0" }
                    cuda_toolkits { version: "12.4" components {} components {} }
                    failed_channels { family: FAMILY_FLATCAR name: "lts" }
                    cells { id: "a" }
                    cells { id: "b" exclusion_reason: "why" }
                  )",
                  "lock", lock),
              IsOk());
  EXPECT_EQ(FormatSummary(lock, "/state/lock"),
            "release  coreos-2023.4.0   channel stable\n"
            "release  flatcar-4230.2.0  channels stable, beta\n"
            "driver   535.261.03        open\n"
            "driver   1.0\n"
            "cuda     12.4              2 components\n"
            "failed   lts               channel of FAMILY_FLATCAR\n"
            "cells    2, 1 excluded\n"
            "lock     /state/lock\n");
}

}  // namespace
}  // namespace gantry::plan
