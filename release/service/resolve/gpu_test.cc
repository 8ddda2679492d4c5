#include "release/service/resolve/gpu.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::service {
namespace {

using cell::v1::DRIVER_FLAVOUR_OPEN;
using cell::v1::DRIVER_FLAVOUR_PROPRIETARY;
using cell::v1::DRIVER_FLAVOUR_UNSPECIFIED;

TEST(ParsePciDeviceIdTest, AcceptsHexWithAndWithoutPrefix) {
  EXPECT_THAT(ParsePciDeviceId("0x20b0"), IsOkAndHolds(0x20b0));
  EXPECT_THAT(ParsePciDeviceId("20B0"), IsOkAndHolds(0x20b0));
  EXPECT_THAT(ParsePciDeviceId("0XF"), IsOkAndHolds(0xf));
}

TEST(ParsePciDeviceIdTest, RefusesOtherText) {
  for (const char* text : {"", "0x", "0x20b00", "0x-1", "0x0x1", "+1", " 20b0",
                           "20b0\n", "tesla"}) {
    EXPECT_THAT(
        ParsePciDeviceId(text),
        StatusIs(absl::StatusCode::kInvalidArgument,
                 absl::StrCat("\"", text,
                              "\" is not a PCI device ID such as \"0x20b0\"")));
  }
}

TEST(UnsupportedGpuReasonTest, OpenModulesNeedTuring) {
  EXPECT_EQ(UnsupportedGpuReason(0x1e00, DRIVER_FLAVOUR_OPEN), "");
  EXPECT_EQ(UnsupportedGpuReason(0x20b0, DRIVER_FLAVOUR_OPEN), "");
  EXPECT_EQ(UnsupportedGpuReason(0x1dff, DRIVER_FLAVOUR_OPEN),
            "GPU 0x1dff is of a generation from Maxwell to Volta, and the open "
            "kernel modules support Turing (0x1e00) and newer");
  EXPECT_EQ(UnsupportedGpuReason(0x1340, DRIVER_FLAVOUR_OPEN),
            "GPU 0x1340 is of a generation from Maxwell to Volta, and the open "
            "kernel modules support Turing (0x1e00) and newer");
}

TEST(UnsupportedGpuReasonTest, ProprietaryModulesNeedMaxwell) {
  EXPECT_EQ(UnsupportedGpuReason(0x1340, DRIVER_FLAVOUR_PROPRIETARY), "");
  EXPECT_EQ(UnsupportedGpuReason(0x1db6, DRIVER_FLAVOUR_PROPRIETARY), "");
  EXPECT_EQ(
      UnsupportedGpuReason(0x133f, DRIVER_FLAVOUR_PROPRIETARY),
      "GPU 0x133f is older than Maxwell, the first generation that the driver "
      "supports");
}

TEST(UnsupportedGpuReasonTest, OtherModulesSupportAllGpus) {
  EXPECT_EQ(UnsupportedGpuReason(0x0001, DRIVER_FLAVOUR_UNSPECIFIED), "");
}

}  // namespace
}  // namespace gantry::service
