#include "base/module_order.h"

#include "absl/status/status.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry {
namespace {

using ::testing::ElementsAre;

TEST(OrderModulesTest, DependenciesComeFirst) {
  EXPECT_THAT(OrderModules({{"a", {"c", "b"}}, {"b", {"c"}}, {"c", {}}}, {}),
              IsOkAndHolds(ElementsAre("c", "b", "a")));
}

TEST(OrderModulesTest, IndependentModulesAreSortedByName) {
  EXPECT_THAT(OrderModules({{"c", {}}, {"a", {}}, {"b", {}}}, {}),
              IsOkAndHolds(ElementsAre("a", "b", "c")));
}

TEST(OrderModulesTest, PreferredModulesComeFirstAfterTheirDependencies) {
  EXPECT_THAT(OrderModules({{"a", {}}, {"x", {"y"}}, {"y", {"b"}}, {"b", {}}},
                           {"x", "y"}),
              IsOkAndHolds(ElementsAre("a", "b", "y", "x")));
}

TEST(OrderModulesTest, DependenciesOutsideTheSetAreIgnored) {
  EXPECT_THAT(OrderModules({{"nvidia_drm", {"drm"}}}, {}),
              IsOkAndHolds(ElementsAre("nvidia_drm")));
}

TEST(OrderModulesTest, CycleIsInvalidArgument) {
  EXPECT_THAT(OrderModules({{"a", {"b"}}, {"b", {"a"}}, {"c", {}}}, {}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "modules depend on each other in a cycle: a"));
}

}  // namespace
}  // namespace gantry
