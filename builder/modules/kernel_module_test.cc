#include "builder/modules/kernel_module.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::modules {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> Order(const std::vector<KernelModule>& modules) {
  return LoadOrder(modules, {}).value();
}

TEST(LoadOrderTest, DependenciesComeFirst) {
  EXPECT_THAT(Order({{"hello", {"hello_core"}}, {"hello_core", {}}}),
              ElementsAre("hello_core", "hello"));
}

TEST(LoadOrderTest, EqualModulesAreSortedByName) {
  EXPECT_THAT(Order({{"c", {}}, {"a", {}}, {"b", {}}}),
              ElementsAre("a", "b", "c"));
}

TEST(LoadOrderTest, NvidiaModulesHaveTheirCustomaryOrder) {
  EXPECT_THAT(Order({{"nvidia-drm", {"drm", "nvidia_modeset"}},
                     {"nvidia-modeset", {"nvidia"}},
                     {"nvidia-peermem", {"nvidia"}},
                     {"nvidia-uvm", {"nvidia"}},
                     {"nvidia", {}}}),
              ElementsAre("nvidia", "nvidia-uvm", "nvidia-modeset",
                          "nvidia-drm", "nvidia-peermem"));
}

TEST(LoadOrderTest, CircleIsInvalidArgument) {
  const auto order = LoadOrder({{"a", {"b"}}, {"b", {"a"}}}, {});
  EXPECT_EQ(order.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(order.status().message(),
            "modules depend on each other in a circle: a");
}

TEST(LoadOrderTest, SelectionKeepsItsOrder) {
  EXPECT_THAT(*LoadOrder({{"a", {}}, {"b", {}}, {"c", {}}}, {"c", "a"}),
              ElementsAre("c", "a"));
}

TEST(LoadOrderTest, SelectionOfUnknownModuleIsNotFound) {
  const auto order = LoadOrder({{"a", {}}}, {"b"});
  EXPECT_EQ(order.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(order.status().message(), "module b was not built");
}

TEST(LoadOrderTest, SelectionWithoutADependencyIsInvalidArgument) {
  const std::vector<KernelModule> modules = {{"hello", {"hello_core"}},
                                             {"hello_core", {}}};
  for (const std::vector<std::string>& selected :
       {std::vector<std::string>{"hello"},
        std::vector<std::string>{"hello", "hello_core"}}) {
    const auto order = LoadOrder(modules, selected);
    EXPECT_EQ(order.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(order.status().message(),
              "module hello must be listed after hello_core, which it depends "
              "on");
  }
}

TEST(ReadKernelModuleTest, WhatIsNotElfIsInvalidArgument) {
  const auto module = ReadKernelModule("hello", "#!/bin/sh\n");
  EXPECT_EQ(module.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(module.status().message(), "not an ELF file");
}

}  // namespace
}  // namespace gantry::modules
