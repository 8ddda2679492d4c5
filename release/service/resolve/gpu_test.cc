#include "release/service/resolve/gpu.h"

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace gantry::service {
namespace {

using cell::v1::DRIVER_FLAVOUR_OPEN;
using cell::v1::DRIVER_FLAVOUR_PROPRIETARY;
using cell::v1::DRIVER_FLAVOUR_UNSPECIFIED;

TEST(ParsePciDeviceIdTest, TakesHexWithAndWithoutPrefix) {
  EXPECT_EQ(*ParsePciDeviceId("0x20b0"), 0x20b0);
  EXPECT_EQ(*ParsePciDeviceId("20B0"), 0x20b0);
  EXPECT_EQ(*ParsePciDeviceId("0XF"), 0xf);
}

TEST(ParsePciDeviceIdTest, RefusesOthers) {
  for (const char* text : {"", "0x", "0x20b00", "0x-1", "0x0x1", "+1", " 20b0",
                           "20b0\n", "tesla"}) {
    EXPECT_EQ(ParsePciDeviceId(text).status(),
              absl::InvalidArgumentError(
                  std::string("\"") + text +
                  "\" is no PCI device id, such as \"0x20b0\""));
  }
}

TEST(WhyGpuUnsupportedTest, TuringIsTheFirstForTheOpenModules) {
  EXPECT_EQ(WhyGpuUnsupported(0x1e00, DRIVER_FLAVOUR_OPEN), "");
  EXPECT_EQ(WhyGpuUnsupported(0x20b0, DRIVER_FLAVOUR_OPEN), "");
  EXPECT_EQ(WhyGpuUnsupported(0x1dff, DRIVER_FLAVOUR_OPEN),
            "GPU 0x1dff is of a generation from Maxwell to Volta, and the open "
            "kernel modules serve Turing (0x1e00) or newer");
  EXPECT_EQ(WhyGpuUnsupported(0x1340, DRIVER_FLAVOUR_OPEN),
            "GPU 0x1340 is of a generation from Maxwell to Volta, and the open "
            "kernel modules serve Turing (0x1e00) or newer");
}

TEST(WhyGpuUnsupportedTest, MaxwellIsTheFirstForTheProprietaryModules) {
  EXPECT_EQ(WhyGpuUnsupported(0x1340, DRIVER_FLAVOUR_PROPRIETARY), "");
  EXPECT_EQ(WhyGpuUnsupported(0x1db6, DRIVER_FLAVOUR_PROPRIETARY), "");
  EXPECT_EQ(
      WhyGpuUnsupported(0x133f, DRIVER_FLAVOUR_PROPRIETARY),
      "GPU 0x133f is older than Maxwell, the first that the driver serves");
}

TEST(WhyGpuUnsupportedTest, OtherModulesHaveNoConstraint) {
  EXPECT_EQ(WhyGpuUnsupported(0x0001, DRIVER_FLAVOUR_UNSPECIFIED), "");
}

}  // namespace
}  // namespace gantry::service
