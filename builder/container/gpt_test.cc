#include "builder/container/gpt.h"

#include <zlib.h>

#include <filesystem>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "builder/container/test_disk.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::container {
namespace {

constexpr uint64_t kHeader = 512;
constexpr uint64_t kEntries = 1024;
// Partition 9's entry, of 128 bytes each.
constexpr uint64_t kRootEntry = kEntries + 8 * 128;

class GptTest : public testing::Test {
 protected:
  void Make() { path_ = disk_.Make(); }

  absl::Status Find(absl::string_view label = "ROOT") {
    const auto disk = InputFile::Open(path_);
    if (!disk.ok()) return disk.status();
    return FindPartition(*disk, label).status();
  }

  template <typename T>
  void Put(uint64_t offset, T value) {
    Overwrite(path_, offset,
              absl::string_view(reinterpret_cast<char*>(&value), sizeof(T)));
  }

  // Recomputes the checksums of the primary table.
  void FixChecksums() {
    std::string bytes = ReadFile(path_)->substr(0, 34 * 512);
    const auto crc = [&](uint64_t offset, uint64_t size) -> uint32_t {
      return crc32(0, reinterpret_cast<const Bytef*>(&bytes[offset]), size);
    };
    Put<uint32_t>(kHeader + 88, crc(kEntries, 128 * 128));
    bytes = ReadFile(path_)->substr(0, 34 * 512);
    bytes.replace(kHeader + 16, 4, 4, '\0');
    Put<uint32_t>(kHeader + 16, crc(kHeader, 92));
  }

  void DestroyBackup() {
    Overwrite(path_, std::filesystem::file_size(path_) - 512,
              std::string(512, 'x'));
  }

  TestDisk disk_;
  std::string path_;
};

TEST_F(GptTest, FindsThePartitionByItsLabel) {
  disk_.AddPartition(1, "OEM");
  Make();
  const auto disk = InputFile::Open(path_);
  ASSERT_THAT(disk, IsOk());
  const auto partition = FindPartition(*disk, "ROOT");
  ASSERT_THAT(partition, IsOk());
  EXPECT_EQ(partition->number, 9);
  EXPECT_EQ(partition->label, "ROOT");
  EXPECT_EQ(partition->offset, kTestPartitionOffset);
  EXPECT_EQ(partition->size, kTestPartitionSize);
}

TEST_F(GptTest, MissingLabelIsNotFoundWithAllLabels) {
  disk_.SetLabel("USR-A");
  disk_.AddPartition(1, "OEM");
  Make();
  EXPECT_THAT(Find(),
              StatusIs(absl::StatusCode::kNotFound,
                       absl::StrCat(path_, ": ",
                                    "no partition labelled \"ROOT\"; the "
                                    "labels are: \"OEM\", \"USR-A\"")));
}

TEST_F(GptTest, LabelInEmptyTableIsNotFound) {
  Make();
  Overwrite(path_, kRootEntry, std::string(128, '\0'));
  FixChecksums();
  EXPECT_THAT(
      Find(),
      StatusIs(
          absl::StatusCode::kNotFound,
          absl::StrCat(path_, ": ",
                       "no partition labelled \"ROOT\"; the table is empty")));
}

TEST_F(GptTest, SameLabelTwiceIsFailedPrecondition) {
  disk_.AddPartition(3, "ROOT");
  Make();
  EXPECT_THAT(
      Find(),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               absl::StrCat(path_, ": ",
                            "partitions 3 and 9 are both labelled \"ROOT\"")));
}

TEST_F(GptTest, DecodesLabelsFromUtf16) {
  Make();
  // "é€", a pair for U+1F600, a lone high surrogate.
  Overwrite(path_, kRootEntry + 56,
            absl::string_view(
                "\xE9\x00\xAC\x20\x3D\xD8\x00\xDE\x3D\xD8\x00\x00", 12));
  FixChecksums();
  EXPECT_THAT(Find("é€\U0001F600\uFFFD"), IsOk());
}

TEST_F(GptTest, FileWithoutTableIsInvalidArgument) {
  path_ = JoinPath(disk_.directory(), "file");
  std::string content(4096, 'x');
  ASSERT_THAT(WriteFileAtomically(path_, content), IsOk());
  EXPECT_THAT(
      Find(),
      StatusIs(
          absl::StatusCode::kInvalidArgument,
          absl::StrCat(path_, ": ",
                       "not a GPT disk image: no \"EFI PART\" at byte 512")));
}

TEST_F(GptTest, TinyAndEmptyFilesAreInvalidArgument) {
  path_ = JoinPath(disk_.directory(), "file");
  for (const int size : {0, 1, 512, 1023}) {
    ASSERT_THAT(WriteFileAtomically(path_, std::string(size, 'x')), IsOk());
    EXPECT_THAT(Find(), StatusIs(absl::StatusCode::kInvalidArgument,
                                 absl::StrCat(path_, ": ",
                                              "not a GPT disk image: only ",
                                              size, " bytes")));
  }
}

TEST_F(GptTest, BackupReplacesDamagedPrimaryHeader) {
  Make();
  Put<uint8_t>(kHeader + 40, 0xFF);
  EXPECT_THAT(Find(), IsOk());
}

TEST_F(GptTest, BackupReplacesDamagedPrimaryEntries) {
  Make();
  Put<uint8_t>(kRootEntry + 32, 0xFF);
  EXPECT_THAT(Find(), IsOk());
}

TEST_F(GptTest, DamageOfBothIsDataLoss) {
  Make();
  Put<uint8_t>(kHeader + 40, 0xFF);
  DestroyBackup();
  EXPECT_THAT(Find(),
              StatusIs(absl::StatusCode::kDataLoss,
                       absl::StrCat(path_, ": ",
                                    "GPT header at byte 512: wrong checksum")));
}

TEST_F(GptTest, DamagedEntriesAreDataLoss) {
  Make();
  Put<uint8_t>(kRootEntry + 32, 0xFF);
  DestroyBackup();
  EXPECT_THAT(
      Find(),
      StatusIs(absl::StatusCode::kDataLoss,
               absl::StrCat(path_, ": ",
                            "GPT entries at byte 1024: wrong checksum")));
}

TEST_F(GptTest, ImpossibleFieldsAreDataLossEvenWithRightChecksums) {
  struct Case {
    uint64_t offset;
    uint32_t value;
    std::string message;
  };
  Make();
  DestroyBackup();
  const std::string good = *ReadFile(path_);
  for (const Case& c : std::vector<Case>{
           {kHeader + 24, 2,
            "GPT header at byte 512: has the sector number of another header"},
           {kHeader + 84, 64, "GPT header at byte 512: entry size 64"},
           {kHeader + 84, 1u << 31,
            "GPT header at byte 512: entry size 2147483648"},
           {kHeader + 80, 0xFFFFFFFF,
            "GPT header at byte 512: entry count 4294967295"},
           {kHeader + 76, 0xFFFFFFFF,
            "GPT header at byte 512: sector numbers out of range"},
           {kRootEntry + 32, 1,
            "GPT entry 9 at byte 2048: sectors 1 to 20479 are not within 2048 "
            "to 28638"},
           {kRootEntry + 40, 4095,
            "GPT entry 9 at byte 2048: sectors 4096 to 4095 are not within "
            "2048 to 28638"},
       }) {
    Overwrite(path_, 0, good);
    Put(c.offset, c.value);
    FixChecksums();
    EXPECT_THAT(Find(), StatusIs(absl::StatusCode::kDataLoss,
                                 absl::StrCat(path_, ": ", c.message)));
  }
  Overwrite(path_, 0, good);
  Put<uint32_t>(kHeader + 12, 513);
  EXPECT_THAT(Find(), StatusIs(absl::StatusCode::kDataLoss,
                               absl::StrCat(
                                   path_, ": ",
                                   "GPT header at byte 512: header size 513")));
}

TEST_F(GptTest, TruncatedImageIsDataLoss) {
  Make();
  std::filesystem::resize_file(path_, kTestPartitionOffset + 1000000);
  EXPECT_THAT(
      Find(),
      StatusIs(absl::StatusCode::kDataLoss,
               absl::StrCat(
                   path_, ": ",
                   "truncated: partition 9 \"ROOT\" ends at byte 10485760, the "
                   "image has 3097152")));
}

}  // namespace
}  // namespace gantry::container
