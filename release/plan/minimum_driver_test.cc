#include "release/plan/minimum_driver.h"

#include "gtest/gtest.h"

namespace gantry::plan {
namespace {

TEST(MinimumDriverTest, DependsOnTheMajorVersionSinceCuda11) {
  EXPECT_EQ(MinimumDriver("9.2"), "396.26");
  EXPECT_EQ(MinimumDriver("10.2.89"), "440.33");
  EXPECT_EQ(MinimumDriver("11.8"), "450");
  EXPECT_EQ(MinimumDriver("12.4.1"), "525");
  EXPECT_EQ(MinimumDriver("13.0"), "580");
  EXPECT_EQ(MinimumDriver("99.0"), "");
}

TEST(MinimumDriverTest, NewerDriversAreCompatible) {
  EXPECT_EQ(IncompatibilityReason("535.261.03", "12.4"), "");
  EXPECT_EQ(IncompatibilityReason("535.261.03", "11.8"), "");
  EXPECT_EQ(IncompatibilityReason("525", "12.4"), "");
}

TEST(MinimumDriverTest, ReasonNamesToolkitAndDriver) {
  EXPECT_EQ(IncompatibilityReason("470.256.02", "12.4"),
            "CUDA 12.4 needs driver 525 or newer");
  EXPECT_EQ(IncompatibilityReason("390.46", "9.2"),
            "CUDA 9.2 needs driver 396.26 or newer");
}

}  // namespace
}  // namespace gantry::plan
