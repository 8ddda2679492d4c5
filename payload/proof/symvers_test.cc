#include "payload/proof/symvers.h"

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::proof {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

// Documentation/kbuild/modules.rst, "Symbols From the Kernel (vmlinux +
// modules)".
TEST(SymversTest, ReadsTheFormOfTheDocumentation) {
  const auto symvers = ParseSymvers(
      "0xe1cc2a05\tusb_stor_suspend\tdrivers/usb/storage/usb-storage\t"
      "EXPORT_SYMBOL_GPL\tUSB_STORAGE\n"
      "0x00000000\tkfree\tvmlinux\tEXPORT_SYMBOL\t\n");
  ASSERT_TRUE(symvers.ok()) << symvers.status();
  EXPECT_THAT(
      *symvers,
      ElementsAre(
          Pair("kfree", ExportedSymbol{0, "vmlinux", false, ""}),
          Pair("usb_stor_suspend",
               ExportedSymbol{0xe1cc2a05, "drivers/usb/storage/usb-storage",
                              true, "USB_STORAGE"})));
}

TEST(SymversTest, ReadsFourFieldsOfBeforeLinux54) {
  const auto symvers = ParseSymvers("0x00000001\ta\tm\tEXPORT_SYMBOL_GPL");
  ASSERT_TRUE(symvers.ok()) << symvers.status();
  EXPECT_THAT(*symvers,
              ElementsAre(Pair("a", ExportedSymbol{1, "m", true, ""})));
}

TEST(SymversTest, ReadsTheOrderOfLinux54) {
  const auto symvers = ParseSymvers("0x00000001\ta\tSPACE\tm\tEXPORT_SYMBOL\n");
  ASSERT_TRUE(symvers.ok()) << symvers.status();
  EXPECT_THAT(*symvers,
              ElementsAre(Pair("a", ExportedSymbol{1, "m", false, "SPACE"})));
}

TEST(SymversTest, NoTextIsNoSymbols) { EXPECT_TRUE(ParseSymvers("")->empty()); }

TEST(SymversTest, OtherLinesAreNamed) {
  for (const char* line :
       {"0x1\ta\tm", "1\ta\tm\tEXPORT_SYMBOL", "0xg\ta\tm\tEXPORT_SYMBOL",
        "0x1\t\tm\tEXPORT_SYMBOL", "0x1\ta\tm\tOTHER",
        "0x1\ta\tm\tEXPORT_SYMBOL\t\t", "0x123456789\ta\tm\tEXPORT_SYMBOL"}) {
    EXPECT_EQ(
        ParseSymvers(std::string("0x1\ta\tm\tEXPORT_SYMBOL\n") + line).status(),
        absl::InvalidArgumentError(
            "line 2: not \"CRC symbol module export [namespace]\""))
        << line;
  }
}

}  // namespace
}  // namespace gantry::proof
