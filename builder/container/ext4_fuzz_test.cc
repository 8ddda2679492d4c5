// Damaged file systems result in an error or in files, never in a crash or an
// endless walk.  The damage is the same in every run.

#include <sys/stat.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/file.h"
#include "base/input_file.h"
#include "base/status_matchers.h"
#include "builder/container/ext4_reader.h"
#include "builder/container/test_disk.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::container {
namespace {

constexpr int kRounds = 600;
constexpr uint64_t kBlock = 4096;

void AddFiles(TestDisk& disk) {
  std::string pieces;
  for (int i = 0; i < 20; ++i) {
    pieces.append(kBlock, '\0');
    pieces.append(kBlock, 'x');
  }
  disk.AddFile("/dir/pieces", pieces);
  disk.AddFile("/dir/file", "content");
  disk.AddHardLink("/dir/hard", "/dir/file");
  disk.AddSymlink("/dir/short", "file");
  disk.AddSymlink("/dir/long", std::string(100, 'l'));
  disk.AddDirectory("/dir/sub/sub");
  for (int i = 0; i < 100; ++i) {
    disk.AddFile(absl::StrCat("/many/a-long-name-of-a-file-", i), "");
  }
  disk.AddDebugfs("mknod null c 1 3");
  disk.AddDebugfs("ea_set /dir/file user.note hello");
  disk.AddDebugfs(
      absl::StrCat("ea_set /dir/pieces user.block ", std::string(300, 'v')));
}

// Offsets, in the partition, of blocks with metadata.
std::vector<uint64_t> MetadataBlocks(const std::string& image) {
  std::vector<uint64_t> blocks;
  for (uint64_t block = 0; block < kTestPartitionSize / kBlock; ++block) {
    const auto bytes = absl::string_view(image).substr(
        kTestPartitionOffset + block * kBlock, kBlock);
    // Blocks that are neither empty nor content.
    if (bytes.find_first_not_of('\0') != absl::string_view::npos &&
        bytes.find_first_not_of('x') != absl::string_view::npos) {
      blocks.push_back(block * kBlock);
    }
  }
  return blocks;
}

// Reads all files.
absl::Status ReadAll(const InputFile& image) {
  auto reader =
      Ext4Reader::Open(image, kTestPartitionOffset, kTestPartitionSize);
  if (!reader.ok()) return reader.status();
  reader->Find("/dir/short").status().IgnoreError();
  return reader->Walk([&](const Ext4Entry& entry) {
    if (!S_ISREG(entry.mode)) return absl::OkStatus();
    return reader->ReadData(entry,
                            [&](uint64_t offset, absl::string_view data) {
                              EXPECT_LE(offset + data.size(), entry.size);
                              return absl::OkStatus();
                            });
  });
}

class Ext4FuzzTest : public testing::TestWithParam<const char*> {};

TEST_P(Ext4FuzzTest, DamageNeverCrashes) {
  TestDisk disk;
  disk.AddMkfsArguments({"-b", "4096", "-O", GetParam()});
  AddFiles(disk);
  const std::string path = disk.Make();
  const std::string good = *ReadFile(path);
  const std::vector<uint64_t> blocks = MetadataBlocks(good);
  const auto image = InputFile::Open(path);
  ASSERT_THAT(image, IsOk());
  ASSERT_THAT(ReadAll(*image), IsOk());

  std::minstd_rand random(1);
  int failed = 0;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<uint64_t> damaged;
    for (int flips = 1 + random() % 8; flips > 0; --flips) {
      const uint64_t at = kTestPartitionOffset +
                          blocks[random() % blocks.size()] +
                          // Most fields are near the start of a block.
                          random() % (random() % 2 == 0 ? kBlock : 256);
      const char byte =
          random() % 2 == 0 ? good[at] ^ (1 << random() % 8) : random() % 256;
      damaged.push_back(at);
      Overwrite(path, at, absl::string_view(&byte, 1));
    }
    const absl::Status status = ReadAll(*image);
    if (!status.ok()) {
      ++failed;
      EXPECT_FALSE(status.message().empty());
    }
    for (const uint64_t at : damaged) {
      Overwrite(path, at, absl::string_view(&good[at], 1));
    }
  }
  // Otherwise the test has little value.
  EXPECT_GT(failed, kRounds / 20);
  EXPECT_LT(failed, kRounds);
}

// Without checksums, damage is found later.
INSTANTIATE_TEST_SUITE_P(Features, Ext4FuzzTest,
                         testing::Values("metadata_csum", "^metadata_csum",
                                         "^metadata_csum,inline_data",
                                         "^metadata_csum,^extents,^64bit"));

}  // namespace
}  // namespace gantry::container
