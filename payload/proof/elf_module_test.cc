#include "payload/proof/elf_module.h"

#include <cstdint>
#include <random>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "payload/proof/module_alteration.h"
#include "payload/proof/test_module.h"

namespace gantry::proof {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(ElfModuleTest, ReadsModinfoAndUndefinedSymbols) {
  const auto module = ParseElfModule(TestModule("plain"));
  ASSERT_THAT(module, IsOk());
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

TEST(ElfModuleTest, ReadsBothFormatsOfVersions) {
  for (const char* variant : {"versions", "extended"}) {
    const auto module = ParseElfModule(TestModule(variant));
    ASSERT_THAT(module, IsOk());
    EXPECT_THAT(module->versions, ElementsAre(Pair("also_needed", 0xaaaa0002),
                                              Pair("module_layout", 0xaaaa0003),
                                              Pair("needed", 0xaaaa0001)))
        << variant;
  }
}

TEST(ElfModuleTest, OtherFilesAreInvalid) {
  for (const absl::string_view bytes :
       {"", "\x7f",
        "\x7f"
        "ELF",
        "!<arch>\n", "text, and no more than that"}) {
    EXPECT_THAT(ParseElfModule(bytes),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr("not a kernel module: ")));
  }
}

TEST(ElfModuleTest, OtherMachinesAreInvalid) {
  std::string bytes = TestModule("plain");
  bytes[18] = '\xb7';  // e_machine: AArch64.
  EXPECT_THAT(ParseElfModule(bytes),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "not a kernel module: not for x86-64"));
}

TEST(ElfModuleTest, SharedObjectsAreInvalid) {
  std::string bytes = TestModule("plain");
  bytes[16] = 3;  // e_type: ET_DYN.
  EXPECT_THAT(ParseElfModule(bytes),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "not a kernel module: not relocatable"));
}

TEST(ElfModuleTest, VersionNameWithoutNulIsInvalid) {
  std::string bytes = TestModule("versions");
  const auto module = ParseElfModule(bytes);
  ASSERT_THAT(module, IsOk());
  // Overwrites the NUL of the first name.
  const ByteRange range = *module->versions_range;
  for (uint64_t i = kVersionNameOffset; i < kVersionRecordSize; ++i) {
    bytes[range.offset + i] = 'x';
  }
  EXPECT_THAT(
      ParseElfModule(bytes),
      StatusIs(absl::StatusCode::kInvalidArgument,
               "not a kernel module: __versions has a name without NUL"));
}

// Whatever the bytes are, parsing ends, and ranges are within the file.
void ExpectSafe(const std::string& bytes) {
  const auto module = ParseElfModule(bytes);
  if (!module.ok()) {
    EXPECT_THAT(module, StatusIs(absl::StatusCode::kInvalidArgument));
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

TEST(ElfModuleTest, EveryTruncationIsSafe) {
  const std::string bytes = TestModule("extended");
  for (size_t size = 0; size < bytes.size(); ++size) {
    ExpectSafe(bytes.substr(0, size));
  }
}

TEST(ElfModuleTest, MutationsAreSafe) {
  constexpr uint64_t kInteresting[] = {
      0, 1, 0x7f, 0xff, 0x7fffffff, 0xffffffff, 1 << 16, ~uint64_t{0}};
  std::mt19937 random(20240607);  // The standard defines its output.
  for (const char* variant : {"plain", "versions", "extended"}) {
    const std::string original = TestModule(variant);
    for (int round = 0; round < 4000; ++round) {
      std::string bytes = original;
      for (int changes = random() % 4; changes >= 0; --changes) {
        const uint64_t value = kInteresting[random() % 8];
        const size_t size = size_t{1} << (random() % 4);
        // Mostly in the ELF header, and in the section table at the end.
        size_t at = random() % (bytes.size() - 8);
        if (random() % 2 == 0) at = random() % 64;
        if (random() % 3 == 0) at = bytes.size() - 8 - random() % 1024;
        for (size_t i = 0; i < size; ++i) {
          bytes[at + i] = static_cast<char>(value >> (8 * i));
        }
      }
      ExpectSafe(bytes);
    }
  }
}

}  // namespace
}  // namespace gantry::proof
