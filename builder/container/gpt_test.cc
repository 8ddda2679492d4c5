#include "builder/container/gpt.h"

#include <zlib.h>

#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "builder/container/test_disk.h"
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
    const auto disk = DiskFile::Open(path_);
    if (!disk.ok()) return disk.status();
    return FindPartition(*disk, label).status();
  }

  template <typename T>
  void Put(uint64_t offset, T value) {
    Overwrite(path_, offset,
              absl::string_view(reinterpret_cast<char*>(&value), sizeof(T)));
  }

  // Makes the primary table's checksums right again.
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

  void ExpectError(const absl::Status& status, absl::StatusCode code,
                   absl::string_view message) {
    EXPECT_EQ(status.code(), code);
    EXPECT_EQ(std::string(status.message()),
              absl::StrCat(path_, ": ", message));
  }

  TestDisk disk_;
  std::string path_;
};

TEST_F(GptTest, FindsThePartitionByItsLabel) {
  disk_.AddPartition(1, "OEM");
  Make();
  const auto disk = DiskFile::Open(path_);
  ASSERT_TRUE(disk.ok()) << disk.status();
  const auto partition = FindPartition(*disk, "ROOT");
  ASSERT_TRUE(partition.ok()) << partition.status();
  EXPECT_EQ(partition->number, 9);
  EXPECT_EQ(partition->label, "ROOT");
  EXPECT_EQ(partition->offset, kTestPartitionOffset);
  EXPECT_EQ(partition->size, kTestPartitionSize);
}

TEST_F(GptTest, WrongLabelNamesThoseThatThereAre) {
  disk_.SetLabel("USR-A");
  disk_.AddPartition(1, "OEM");
  Make();
  ExpectError(Find(), absl::StatusCode::kNotFound,
              "no partition labelled \"ROOT\"; there are: \"OEM\", \"USR-A\"");
}

TEST_F(GptTest, EmptyTableHasNoLabels) {
  Make();
  Overwrite(path_, kRootEntry, std::string(128, '\0'));
  FixChecksums();
  ExpectError(Find(), absl::StatusCode::kNotFound,
              "no partition labelled \"ROOT\"; there are none");
}

TEST_F(GptTest, TheSameLabelTwiceIsAmbiguous) {
  disk_.AddPartition(3, "ROOT");
  Make();
  ExpectError(Find(), absl::StatusCode::kFailedPrecondition,
              "partitions 3 and 9 are both labelled \"ROOT\"");
}

TEST_F(GptTest, DecodesLabelsFromUtf16) {
  Make();
  // "é€", a pair for U+1F600, a lone high surrogate.
  Overwrite(path_, kRootEntry + 56,
            absl::string_view(
                "\xE9\x00\xAC\x20\x3D\xD8\x00\xDE\x3D\xD8\x00\x00", 12));
  FixChecksums();
  EXPECT_TRUE(Find("é€\U0001F600\uFFFD").ok()) << Find("é€\U0001F600\uFFFD");
}

TEST_F(GptTest, FileWithoutTableIsRefused) {
  path_ = JoinPath(disk_.folder(), "file");
  std::string content(4096, 'x');
  ASSERT_TRUE(WriteFileAtomically(path_, content).ok());
  ExpectError(Find(), absl::StatusCode::kInvalidArgument,
              "not a GPT disk image: no \"EFI PART\" at byte 512");
}

TEST_F(GptTest, TinyAndEmptyFilesAreRefused) {
  path_ = JoinPath(disk_.folder(), "file");
  for (const int size : {0, 1, 512, 1023}) {
    ASSERT_TRUE(WriteFileAtomically(path_, std::string(size, 'x')).ok());
    ExpectError(Find(), absl::StatusCode::kInvalidArgument,
                absl::StrCat("not a GPT disk image: only ", size, " bytes"));
  }
}

TEST_F(GptTest, DamagedPrimaryHeaderIsReplacedByTheBackup) {
  Make();
  Put<uint8_t>(kHeader + 40, 0xFF);
  EXPECT_TRUE(Find().ok()) << Find();
}

TEST_F(GptTest, DamagedPrimaryEntriesAreReplacedByTheBackup) {
  Make();
  Put<uint8_t>(kRootEntry + 32, 0xFF);
  EXPECT_TRUE(Find().ok()) << Find();
}

TEST_F(GptTest, DamageOfBothIsDataLoss) {
  Make();
  Put<uint8_t>(kHeader + 40, 0xFF);
  DestroyBackup();
  ExpectError(Find(), absl::StatusCode::kDataLoss,
              "GPT header at byte 512: wrong checksum");
}

TEST_F(GptTest, DamagedEntriesAreDataLoss) {
  Make();
  Put<uint8_t>(kRootEntry + 32, 0xFF);
  DestroyBackup();
  ExpectError(Find(), absl::StatusCode::kDataLoss,
              "GPT entries at byte 1024: wrong checksum");
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
           {kHeader + 24, 2, "GPT header at byte 512: says it lies elsewhere"},
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
    ExpectError(Find(), absl::StatusCode::kDataLoss, c.message);
  }
  Overwrite(path_, 0, good);
  Put<uint32_t>(kHeader + 12, 513);
  ExpectError(Find(), absl::StatusCode::kDataLoss,
              "GPT header at byte 512: header size 513");
}

TEST_F(GptTest, TruncatedImageIsDataLoss) {
  Make();
  std::filesystem::resize_file(path_, kTestPartitionOffset + 1000000);
  ExpectError(Find(), absl::StatusCode::kDataLoss,
              "truncated: partition 9 \"ROOT\" ends at byte 10485760, the "
              "image has 3097152");
}

}  // namespace
}  // namespace gantry::container
