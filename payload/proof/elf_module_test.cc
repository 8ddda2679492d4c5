#include "payload/proof/elf_module.h"

#include <cstdint>
#include <random>
#include <string>

#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "payload/proof/module_alteration.h"
#include "payload/proof/sample_modules.h"

namespace gantry::proof {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(ElfModuleTest, ReadsModinfoAndUndefinedSymbols) {
  const auto module = ParseElfModule(SampleModule("plain"));
  ASSERT_TRUE(module.ok()) << module.status();
  EXPECT_EQ(module->modinfo.Get("vermagic"), "6.1.0-test SMP mod_unload ");
  EXPECT_EQ(module->modinfo.Get("license"), "GPL");
  EXPECT_EQ(module->modinfo.Get("none"), "");
  EXPECT_THAT(module->modinfo.GetAll("import_ns"),
              ElementsAre("SAMPLE_NS", "OTHER_NS"));
  ASSERT_EQ(module->undefined.size(), 3u);
  EXPECT_EQ(module->undefined[0].name, "also_needed");
  EXPECT_FALSE(module->undefined[0].weak);
  EXPECT_EQ(module->undefined[1].name, "needed");
  EXPECT_EQ(module->undefined[2].name, "optional");
  EXPECT_TRUE(module->undefined[2].weak);
  EXPECT_THAT(module->versions, IsEmpty());
}

TEST(ElfModuleTest, ReadsBothFormsOfVersions) {
  for (const char* variant : {"versions", "extended"}) {
    const auto module = ParseElfModule(SampleModule(variant));
    ASSERT_TRUE(module.ok()) << module.status();
    EXPECT_THAT(module->versions, ElementsAre(Pair("also_needed", 0xaaaa0002),
                                              Pair("module_layout", 0xaaaa0003),
                                              Pair("needed", 0xaaaa0001)))
        << variant;
  }
}

TEST(ElfModuleTest, NoElfFileIsInvalid) {
  for (const absl::string_view bytes :
       {"", "\x7f",
        "\x7f"
        "ELF",
        "!<arch>\n", "text, and no more than that"}) {
    const auto module = ParseElfModule(bytes);
    EXPECT_EQ(module.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(module.status().message()),
                HasSubstr("not a kernel module: "));
  }
}

TEST(ElfModuleTest, AnotherMachineIsInvalid) {
  std::string bytes = SampleModule("plain");
  bytes[18] = '\xb7';  // e_machine: AArch64.
  EXPECT_EQ(ParseElfModule(bytes).status(),
            absl::InvalidArgumentError("not a kernel module: not for x86-64"));
}

TEST(ElfModuleTest, ASharedObjectIsInvalid) {
  std::string bytes = SampleModule("plain");
  bytes[16] = 3;  // e_type: ET_DYN.
  EXPECT_EQ(ParseElfModule(bytes).status(),
            absl::InvalidArgumentError("not a kernel module: not relocatable"));
}

TEST(ElfModuleTest, VersionsThatAreNoWholeRecordsAreInvalid) {
  std::string bytes = SampleModule("versions");
  const auto module = ParseElfModule(bytes);
  ASSERT_TRUE(module.ok());
  // The name of the last record loses its end.
  const ByteRange range = *module->versions_range;
  for (uint64_t i = kVersionNameOffset; i < kVersionRecordSize; ++i) {
    bytes[range.offset + i] = 'x';
  }
  EXPECT_EQ(ParseElfModule(bytes).status(),
            absl::InvalidArgumentError(
                "not a kernel module: __versions has a name without end"));
}

// Any bytes may come: the parser answers, and what it answers lies in the file.
void ExpectSane(const std::string& bytes) {
  const auto module = ParseElfModule(bytes);
  if (!module.ok()) {
    EXPECT_EQ(module.status().code(), absl::StatusCode::kInvalidArgument);
    return;
  }
  for (const auto& range :
       {module->modinfo_range, module->versions_range,
        module->extended_crcs_range, module->extended_names_range}) {
    if (!range) continue;
    EXPECT_LE(range->offset, bytes.size());
    EXPECT_LE(range->size, bytes.size() - range->offset);
  }
  const auto altered = AlterModule(bytes);
  if (altered.ok()) {
    EXPECT_EQ(altered->bytes.size(), bytes.size());
  }
}

TEST(ElfModuleTest, EveryTruncationIsAnswered) {
  const std::string bytes = SampleModule("extended");
  for (size_t size = 0; size < bytes.size(); ++size) {
    ExpectSane(bytes.substr(0, size));
  }
}

TEST(ElfModuleTest, MutationsAreAnswered) {
  constexpr uint64_t kInteresting[] = {
      0, 1, 0x7f, 0xff, 0x7fffffff, 0xffffffff, 1 << 16, ~uint64_t{0}};
  std::mt19937 random(20240607);  // Deterministic: the standard fixes it.
  for (const char* variant : {"plain", "versions", "extended"}) {
    const std::string original = SampleModule(variant);
    for (int round = 0; round < 4000; ++round) {
      std::string bytes = original;
      for (int changes = random() % 4; changes >= 0; --changes) {
        const uint64_t value = kInteresting[random() % 8];
        const size_t size = size_t{1} << (random() % 4);
        // Half of them in the ELF header and the section table at the end.
        size_t at = random() % (bytes.size() - 8);
        if (random() % 2 == 0) at = random() % 64;
        if (random() % 3 == 0) at = bytes.size() - 8 - random() % 1024;
        for (size_t i = 0; i < size; ++i) {
          bytes[at + i] = static_cast<char>(value >> (8 * i));
        }
      }
      ExpectSane(bytes);
    }
  }
}

}  // namespace
}  // namespace gantry::proof
