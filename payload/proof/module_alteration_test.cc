#include "payload/proof/module_alteration.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "payload/proof/elf_module.h"
#include "payload/proof/sample_modules.h"

namespace gantry::proof {
namespace {

size_t DifferingBytes(const std::string& a, const std::string& b) {
  size_t count = 0;
  for (size_t i = 0; i < a.size(); ++i) count += a[i] != b[i];
  return count;
}

TEST(ModuleAlterationTest, AltersVermagicOnlyWithoutVersions) {
  const std::string bytes = SampleModule("plain");
  const auto altered = AlterModule(bytes);
  ASSERT_TRUE(altered.ok()) << altered.status();
  EXPECT_EQ(altered->alteration, "vermagic");
  EXPECT_EQ(DifferingBytes(bytes, altered->bytes), 1u);
  EXPECT_EQ(ParseElfModule(altered->bytes)->modinfo.Get("vermagic"),
            "0.1.0-test SMP mod_unload ");
}

TEST(ModuleAlterationTest, AltersModuleLayoutInBothFormsOfVersions) {
  for (const char* variant : {"versions", "extended"}) {
    const std::string bytes = SampleModule(variant);
    const auto altered = AlterModule(bytes);
    ASSERT_TRUE(altered.ok()) << altered.status();
    EXPECT_EQ(altered->alteration, "vermagic, CRC of module_layout");
    EXPECT_EQ(altered->bytes.size(), bytes.size());
    EXPECT_EQ(DifferingBytes(bytes, altered->bytes), 2u) << variant;
    const auto before = ParseElfModule(bytes);
    const auto after = ParseElfModule(altered->bytes);
    ASSERT_TRUE(after.ok()) << after.status();
    EXPECT_NE(after->versions.at("module_layout"),
              before->versions.at("module_layout"));
    EXPECT_EQ(after->versions.at("needed"), before->versions.at("needed"));
  }
}

TEST(ModuleAlterationTest, TwiceIsDifferentToo) {
  const auto once = AlterModule(SampleModule("plain"));
  const auto twice = AlterModule(once->bytes);
  EXPECT_NE(once->bytes, twice->bytes);
}

TEST(ModuleAlterationTest, WithoutVermagicThereIsNothingToAlter) {
  std::string bytes = SampleModule("plain");
  bytes[bytes.find("vermagic=")] = 'V';
  EXPECT_EQ(AlterModule(bytes).status(),
            absl::InvalidArgumentError("the module has no vermagic to alter"));
}

TEST(ModuleAlterationTest, NoModuleIsInvalid) {
  EXPECT_EQ(AlterModule("text").status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace gantry::proof
