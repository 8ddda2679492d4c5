#include "release/service/resolve/gpu.h"

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/coordinates.pb.h"

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

std::string Reason(uint16_t device_id, cell::v1::DriverFlavour flavour,
                   const std::string& driver = "570.86",
                   const std::string& cuda = "12.4") {
  cell::v1::CellCoordinates payload;
  payload.set_flavour(flavour);
  payload.set_version(driver);
  payload.set_cuda_version(cuda);
  return UnsupportedGpuReason(device_id, payload);
}

TEST(UnsupportedGpuReasonTest, OpenModulesNeedTuring) {
  EXPECT_EQ(Reason(0x1e00, DRIVER_FLAVOUR_OPEN), "");
  EXPECT_EQ(Reason(0x20b0, DRIVER_FLAVOUR_OPEN), "");
  EXPECT_EQ(Reason(0x1dff, DRIVER_FLAVOUR_OPEN),
            "GPU 0x1dff is of a generation from Maxwell to Volta, and the open "
            "kernel modules support Turing (0x1e00) and newer");
  EXPECT_EQ(Reason(0x1340, DRIVER_FLAVOUR_OPEN),
            "GPU 0x1340 is of a generation from Maxwell to Volta, and the open "
            "kernel modules support Turing (0x1e00) and newer");
}

TEST(UnsupportedGpuReasonTest, ProprietaryModulesNeedMaxwell) {
  EXPECT_EQ(Reason(0x1340, DRIVER_FLAVOUR_PROPRIETARY), "");
  EXPECT_EQ(Reason(0x1db6, DRIVER_FLAVOUR_PROPRIETARY), "");
  EXPECT_EQ(
      Reason(0x133f, DRIVER_FLAVOUR_PROPRIETARY),
      "GPU 0x133f is older than Maxwell, the first generation that the driver "
      "supports");
}

TEST(UnsupportedGpuReasonTest, OtherModulesSupportAllGpus) {
  EXPECT_EQ(Reason(0x0001, DRIVER_FLAVOUR_UNSPECIFIED), "");
}

TEST(UnsupportedGpuReasonTest, VoltaEndsWithDriver580) {
  EXPECT_EQ(Reason(0x1db6, DRIVER_FLAVOUR_PROPRIETARY, "580.95.05"), "");
  EXPECT_EQ(Reason(0x1db6, DRIVER_FLAVOUR_PROPRIETARY, "595.1"),
            "GPU 0x1db6 is of a generation from Maxwell to Volta, and driver "
            "580 is the last that supports it");
  EXPECT_EQ(Reason(0x1e00, DRIVER_FLAVOUR_PROPRIETARY, "595.1"), "");
}

TEST(UnsupportedGpuReasonTest, VoltaEndsWithCuda12) {
  EXPECT_EQ(Reason(0x1db6, DRIVER_FLAVOUR_PROPRIETARY, "580.1", "12.9"), "");
  EXPECT_EQ(Reason(0x1db6, DRIVER_FLAVOUR_PROPRIETARY, "580.1", "13.0"),
            "GPU 0x1db6 is of a generation from Maxwell to Volta, and CUDA 12 "
            "is the last that supports it");
  EXPECT_EQ(Reason(0x1e00, DRIVER_FLAVOUR_PROPRIETARY, "580.1", "13.0"), "");
}

TEST(UnsupportedGpuReasonTest, BlackwellNeedsTheOpenModules) {
  EXPECT_EQ(Reason(0x2901, DRIVER_FLAVOUR_OPEN), "");
  EXPECT_EQ(Reason(0x2901, DRIVER_FLAVOUR_PROPRIETARY),
            "GPU 0x2901 is of Blackwell or newer and needs the open kernel "
            "modules");
  EXPECT_EQ(Reason(0x28ff, DRIVER_FLAVOUR_PROPRIETARY), "");
}

TEST(UnsupportedGpuReasonTest, BlackwellNeedsDriver570) {
  EXPECT_EQ(Reason(0x2901, DRIVER_FLAVOUR_OPEN, "570"), "");
  EXPECT_EQ(Reason(0x2901, DRIVER_FLAVOUR_OPEN, "565.57.01"),
            "GPU 0x2901 is of Blackwell or newer and needs driver 570 or "
            "newer");
  EXPECT_EQ(Reason(0x28ff, DRIVER_FLAVOUR_OPEN, "565.57.01"), "");
}

}  // namespace
}  // namespace gantry::service
