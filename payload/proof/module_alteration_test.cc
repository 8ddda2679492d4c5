#include "payload/proof/module_alteration.h"

#include <string>

#include "absl/status/status.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "payload/proof/elf_module.h"
#include "payload/proof/test_module.h"

namespace gantry::proof {
namespace {

size_t DifferingBytes(const std::string& a, const std::string& b) {
  size_t count = 0;
  for (size_t i = 0; i < a.size(); ++i) count += a[i] != b[i];
  return count;
}

TEST(ModuleAlterationTest, WithoutVersionsOnlyVermagicIsAltered) {
  const std::string bytes = TestModule("plain");
  const auto altered = AlterModule(bytes);
  ASSERT_THAT(altered, IsOk());
  EXPECT_EQ(altered->alteration, "vermagic");
  EXPECT_EQ(DifferingBytes(bytes, altered->bytes), 1u);
  EXPECT_EQ(ParseElfModule(altered->bytes)->modinfo.Get("vermagic"),
            "0.1.0-test SMP mod_unload ");
}

TEST(ModuleAlterationTest, ModuleLayoutIsAlteredInBothFormatsOfVersions) {
  for (const char* variant : {"versions", "extended"}) {
    const std::string bytes = TestModule(variant);
    const auto altered = AlterModule(bytes);
    ASSERT_THAT(altered, IsOk());
    EXPECT_EQ(altered->alteration, "vermagic, CRC of module_layout");
    EXPECT_EQ(altered->bytes.size(), bytes.size());
    EXPECT_EQ(DifferingBytes(bytes, altered->bytes), 2u) << variant;
    const auto before = ParseElfModule(bytes);
    const auto after = ParseElfModule(altered->bytes);
    ASSERT_THAT(after, IsOk());
    EXPECT_NE(after->versions.at("module_layout"),
              before->versions.at("module_layout"));
    EXPECT_EQ(after->versions.at("needed"), before->versions.at("needed"));
  }
}

TEST(ModuleAlterationTest, AlteredModuleCanBeAlteredAgain) {
  const auto once = AlterModule(TestModule("plain"));
  const auto twice = AlterModule(once->bytes);
  EXPECT_NE(once->bytes, twice->bytes);
}

TEST(ModuleAlterationTest, ModuleWithoutVermagicIsInvalid) {
  std::string bytes = TestModule("plain");
  bytes[bytes.find("vermagic=")] = 'V';
  EXPECT_THAT(AlterModule(bytes),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "the module has no vermagic to alter"));
}

TEST(ModuleAlterationTest, OtherFilesAreInvalid) {
  EXPECT_THAT(AlterModule("text"),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace gantry::proof
