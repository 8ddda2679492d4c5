#include "payload/proof/initramfs.h"

#include <archive.h>
#include <archive_entry.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::proof {
namespace {

using ::testing::ElementsAre;

// One line for each entry: type and mode in octal, path, content or device.
std::vector<std::string> List(const std::string& initramfs) {
  archive* const reader = archive_read_new();
  archive_read_support_format_cpio(reader);
  EXPECT_EQ(
      archive_read_open_memory(reader, initramfs.data(), initramfs.size()),
      ARCHIVE_OK);
  std::vector<std::string> lines;
  archive_entry* entry = nullptr;
  while (archive_read_next_header(reader, &entry) == ARCHIVE_OK) {
    char content[100];
    const la_ssize_t size = archive_read_data(reader, content, sizeof(content));
    lines.push_back(absl::StrFormat("%o %s %s", archive_entry_mode(entry),
                                    archive_entry_pathname(entry),
                                    std::string(content, size > 0 ? size : 0)));
    if (archive_entry_filetype(entry) == AE_IFCHR) {
      absl::StrAppend(&lines.back(), archive_entry_rdevmajor(entry), ":",
                      archive_entry_rdevminor(entry));
    }
    EXPECT_EQ(archive_entry_uid(entry), 0);
    EXPECT_EQ(archive_entry_mtime(entry), 0);
  }
  archive_read_free(reader);
  return lines;
}

TEST(InitramfsTest, ContainsInitModulesAndPlan) {
  const auto initramfs = MakeInitramfs("INIT", "n1", {"A", "B"});
  ASSERT_THAT(initramfs, IsOk());
  EXPECT_THAT(
      List(*initramfs),
      ElementsAre("40755 dev ", "20600 dev/console 5:1", "20600 dev/kmsg 1:11",
                  "100755 init INIT", "40755 modules ",
                  "100644 modules/0000.ko A", "100644 modules/0001.ko B",
                  "100644 plan n1\n/modules/0000.ko\n/modules/0001.ko\n"));
}

TEST(InitramfsTest, IsDeterministic) {
  const auto first = MakeInitramfs("INIT", "n1", {"A"});
  const auto second = MakeInitramfs("INIT", "n1", {"A"});
  EXPECT_EQ(*first, *second);
  EXPECT_NE(*first, *MakeInitramfs("INIT", "n2", {"A"}));
}

TEST(InitramfsTest, HasTheFormatThatTheKernelReads) {
  EXPECT_EQ(MakeInitramfs("INIT", "n1", {})->substr(0, 6), "070701");
}

}  // namespace
}  // namespace gantry::proof
