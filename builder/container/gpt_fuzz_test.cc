// Damaged partition tables result in an error or a partition, never in a crash.
// The damage is the same in every run.

#include <zlib.h>

#include <filesystem>
#include <random>
#include <string>

#include "base/file.h"
#include "base/input_file.h"
#include "base/status_matchers.h"
#include "builder/container/gpt.h"
#include "builder/container/test_disk.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::container {
namespace {

constexpr int kRounds = 5000;
constexpr size_t kTableSize = 34 * 512;
constexpr size_t kHeader = 512;

void PutCrc(std::string& bytes, size_t at, size_t from, size_t size) {
  const uint32_t crc =
      crc32(0, reinterpret_cast<const Bytef*>(&bytes[from]), size);
  bytes.replace(at, 4, reinterpret_cast<const char*>(&crc), 4);
}

// Makes the damage pass the checksums.
void FixChecksums(std::string& bytes) {
  PutCrc(bytes, kHeader + 88, 2 * 512, 128 * 128);
  bytes.replace(kHeader + 16, 4, 4, '\0');
  PutCrc(bytes, kHeader + 16, kHeader, 92);
}

// Mostly fields of the header and of the used entry.
size_t PickOffset(std::minstd_rand& random) {
  switch (random() % 3) {
    case 0:
      return kHeader + random() % 92;
    case 1:
      return 2 * 512 + 8 * 128 + random() % 128;
    default:
      return random() % kTableSize;
  }
}

TEST(GptFuzzTest, DamageNeverCrashes) {
  TestDisk disk;
  disk.AddPartition(1, "OEM");
  const std::string path = disk.Make();
  const std::string good = ReadFile(path)->substr(0, kTableSize);
  const auto image = InputFile::Open(path);
  ASSERT_THAT(image, IsOk());
  std::minstd_rand random(1);
  int found = 0;
  for (int round = 0; round < kRounds; ++round) {
    std::string bytes = good;
    for (int flips = 1 + random() % 4; flips > 0; --flips) {
      bytes[PickOffset(random)] ^= 1 << random() % 8;
    }
    if (random() % 4 != 0) FixChecksums(bytes);
    Overwrite(path, 0, bytes);
    const auto partition = FindPartition(*image, "ROOT");
    if (!partition.ok()) {
      EXPECT_FALSE(partition.status().message().empty());
      continue;
    }
    ++found;
    ASSERT_LE(partition->offset, image->size());
    ASSERT_LE(partition->size, image->size() - partition->offset);
  }
  // Otherwise the test has little value.
  EXPECT_GT(found, kRounds / 20);
  EXPECT_LT(found, kRounds);
}

TEST(GptFuzzTest, TruncationNeverCrashes) {
  TestDisk disk;
  const std::string path = disk.Make();
  for (size_t size = 0; size < kTableSize; size += 131) {
    const std::string cut = JoinPath(disk.directory(), "cut");
    std::filesystem::copy_file(
        path, cut, std::filesystem::copy_options::overwrite_existing);
    std::filesystem::resize_file(cut, size);
    const auto image = InputFile::Open(cut);
    ASSERT_THAT(image, IsOk());
    EXPECT_THAT(FindPartition(*image, "ROOT"), ::testing::Not(IsOk())) << size;
  }
}

}  // namespace
}  // namespace gantry::container
