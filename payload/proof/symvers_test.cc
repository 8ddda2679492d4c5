#include "payload/proof/symvers.h"

#include "absl/status/status.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::proof {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

// Documentation/kbuild/modules.rst, "Symbols From the Kernel (vmlinux +
// modules)".
TEST(SymversTest, ReadsTheDocumentedFormat) {
  EXPECT_THAT(
      ParseSymvers(
          "0xe1cc2a05\tusb_stor_suspend\tdrivers/usb/storage/usb-storage\t"
          "EXPORT_SYMBOL_GPL\tUSB_STORAGE\n"
          "0x00000000\tkfree\tvmlinux\tEXPORT_SYMBOL\t\n"),
      IsOkAndHolds(ElementsAre(
          Pair("kfree", ExportedSymbol{0, "vmlinux", false, ""}),
          Pair("usb_stor_suspend",
               ExportedSymbol{0xe1cc2a05, "drivers/usb/storage/usb-storage",
                              true, "USB_STORAGE"}))));
}

TEST(SymversTest, ReadsFourFieldsAsBeforeLinux54) {
  EXPECT_THAT(
      ParseSymvers("0x00000001\ta\tm\tEXPORT_SYMBOL_GPL"),
      IsOkAndHolds(ElementsAre(Pair("a", ExportedSymbol{1, "m", true, ""}))));
}

TEST(SymversTest, ReadsTheFieldOrderOfLinux54) {
  EXPECT_THAT(ParseSymvers("0x00000001\ta\tSPACE\tm\tEXPORT_SYMBOL\n"),
              IsOkAndHolds(ElementsAre(
                  Pair("a", ExportedSymbol{1, "m", false, "SPACE"}))));
}

TEST(SymversTest, EmptyTextHasNoSymbols) {
  EXPECT_THAT(ParseSymvers(""), IsOkAndHolds(IsEmpty()));
}

TEST(SymversTest, OtherLinesAreInvalid) {
  for (const char* line :
       {"0x1\ta\tm", "1\ta\tm\tEXPORT_SYMBOL", "0xg\ta\tm\tEXPORT_SYMBOL",
        "0x1\t\tm\tEXPORT_SYMBOL", "0x1\ta\tm\tOTHER",
        "0x1\ta\tm\tEXPORT_SYMBOL\t\t", "0x123456789\ta\tm\tEXPORT_SYMBOL"}) {
    EXPECT_THAT(
        ParseSymvers(std::string("0x1\ta\tm\tEXPORT_SYMBOL\n") + line),
        StatusIs(absl::StatusCode::kInvalidArgument,
                 "line 2: not \"CRC symbol module export [namespace]\""))
        << line;
  }
}

}  // namespace
}  // namespace gantry::proof
