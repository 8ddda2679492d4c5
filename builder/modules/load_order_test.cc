#include "builder/modules/load_order.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::modules {
namespace {

using ::testing::ElementsAre;

TEST(LoadOrderTest, NvidiaModulesHaveTheirCustomaryOrder) {
  EXPECT_THAT(LoadOrder({{"nvidia-drm", {"drm", "nvidia_modeset"}},
                         {"nvidia-modeset", {"nvidia"}},
                         {"nvidia-peermem", {"nvidia"}},
                         {"nvidia-uvm", {"nvidia"}},
                         {"nvidia", {}}},
                        {}),
              IsOkAndHolds(ElementsAre("nvidia", "nvidia-uvm", "nvidia-modeset",
                                       "nvidia-drm", "nvidia-peermem")));
}

TEST(LoadOrderTest, DependenciesComeFirst) {
  EXPECT_THAT(LoadOrder({{"hello", {"hello_core"}}, {"hello-core", {}}}, {}),
              IsOkAndHolds(ElementsAre("hello-core", "hello")));
}

TEST(LoadOrderTest, CycleIsInvalidArgument) {
  EXPECT_THAT(LoadOrder({{"a", {"b"}}, {"b", {"a"}}}, {}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "modules depend on each other in a cycle: a"));
}

TEST(LoadOrderTest, SelectionKeepsItsOrder) {
  EXPECT_THAT(LoadOrder({{"a", {}}, {"b", {}}, {"c", {}}}, {"c", "a"}),
              IsOkAndHolds(ElementsAre("c", "a")));
}

TEST(LoadOrderTest, SelectionOfUnknownModuleIsNotFound) {
  EXPECT_THAT(LoadOrder({{"a", {}}}, {"b"}),
              StatusIs(absl::StatusCode::kNotFound, "module b was not built"));
}

TEST(LoadOrderTest, SelectionWithoutADependencyIsInvalidArgument) {
  const std::vector<BuiltModule> modules = {{"hello", {"hello_core"}},
                                            {"hello_core", {}}};
  for (const std::vector<std::string>& selected :
       {std::vector<std::string>{"hello"},
        std::vector<std::string>{"hello", "hello_core"}}) {
    EXPECT_THAT(LoadOrder(modules, selected),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         "module hello must be listed after hello_core, which "
                         "it depends on"));
  }
}

}  // namespace
}  // namespace gantry::modules
