#include "builder/container/ext4_reader.h"

#include <sys/stat.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "builder/container/test_disk.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::container {
namespace {

constexpr uint64_t kBlock = 4096;

class Ext4ReaderTest : public testing::Test {
 protected:
  void SetUp() override { disk_.AddMkfsArguments({"-b", "4096"}); }

  // Creates the image and opens its file system.
  void Open() {
    path_ = disk_.Make();
    Reopen();
  }

  void Reopen() {
    reader_.reset();
    image_ = std::make_unique<InputFile>(*InputFile::Open(path_));
    auto reader =
        Ext4Reader::Open(*image_, kTestPartitionOffset, kTestPartitionSize);
    status_ = reader.status();
    if (reader.ok()) reader_ = std::make_unique<Ext4Reader>(*std::move(reader));
  }

  Ext4Entry Find(absl::string_view path) {
    const auto entry = reader_->Find(path);
    EXPECT_THAT(entry, IsOk());
    return entry.ok() ? *entry : Ext4Entry();
  }

  std::string Content(absl::string_view path) {
    const auto content = reader_->ReadFile(Find(path), 1 << 30);
    return content.ok() ? *content : content.status().ToString();
  }

  absl::Status Walk() {
    walked_.clear();
    return reader_->Walk([&](const Ext4Entry& entry) {
      walked_.push_back(entry);
      return absl::OkStatus();
    });
  }

  // The offset of this text in the image.
  uint64_t OffsetOf(absl::string_view text) {
    return ReadFile(path_)->find(std::string(text), kTestPartitionOffset);
  }

  TestDisk disk_;
  std::string path_;
  std::unique_ptr<InputFile> image_;
  std::unique_ptr<Ext4Reader> reader_;
  absl::Status status_;
  std::vector<Ext4Entry> walked_;
};

TEST_F(Ext4ReaderTest, WalksInOrder) {
  disk_.AddFile("/b/2", "");
  disk_.AddFile("/b/10", "");
  disk_.AddFile("/a-b", "");
  disk_.AddFile("/a/x", "");
  disk_.AddFile("/\xff", "");
  Open();
  ASSERT_THAT(Walk(), IsOk());
  std::vector<std::string> paths;
  for (const Ext4Entry& entry : walked_) paths.push_back(entry.path);
  EXPECT_EQ(paths,
            (std::vector<std::string>{"/a", "/a/x", "/a-b", "/b", "/b/10",
                                      "/b/2", "/lost+found", "/\xff"}));
}

TEST_F(Ext4ReaderTest, ErrorOfTheVisitorEndsTheWalk) {
  disk_.AddFile("/a", "");
  Open();
  int visits = 0;
  EXPECT_THAT(reader_->Walk([&](const Ext4Entry&) {
    ++visits;
    return absl::CancelledError("enough");
  }),
              StatusIs(absl::StatusCode::kCancelled, "enough"));
  EXPECT_EQ(visits, 1);
}

TEST_F(Ext4ReaderTest, KeepsModesOwnersAndTimes) {
  disk_.AddFile("/su", "x");
  disk_.AddDebugfs("set_inode_field /su mode 0106755");
  disk_.AddDebugfs("set_inode_field /su uid 70000");
  disk_.AddDebugfs("set_inode_field /su gid 5");
  // 2 more bits of seconds, then nanoseconds: 1 << 32 seconds, 123456789 ns.
  disk_.AddDebugfs("set_inode_field /su mtime @1700000000");
  disk_.AddDebugfs(
      absl::StrCat("set_inode_field /su mtime_extra ", 123456789u << 2 | 1));
  Open();
  const Ext4Entry entry = Find("/su");
  EXPECT_EQ(entry.mode, S_IFREG | 06755u);
  EXPECT_EQ(entry.uid, 70000);
  EXPECT_EQ(entry.gid, 5);
  EXPECT_EQ(entry.mtime_seconds, 1700000000 + (int64_t{1} << 32));
  EXPECT_EQ(entry.mtime_nanoseconds, 123456789);
}

TEST_F(Ext4ReaderTest, ReadsSpecialFiles) {
  disk_.AddDebugfs("mknod null c 1 3");
  disk_.AddDebugfs("mknod disk b 259 60000");
  disk_.AddDebugfs("mknod fifo p");
  Open();
  EXPECT_EQ(Find("/null").mode & S_IFMT, S_IFCHR);
  EXPECT_EQ(Find("/null").device_major, 1);
  EXPECT_EQ(Find("/null").device_minor, 3);
  EXPECT_EQ(Find("/disk").mode & S_IFMT, S_IFBLK);
  EXPECT_EQ(Find("/disk").device_major, 259);
  EXPECT_EQ(Find("/disk").device_minor, 60000);
  EXPECT_EQ(Find("/fifo").mode & S_IFMT, S_IFIFO);
}

TEST_F(Ext4ReaderTest, ReadsXattrsInTheInodeAndInABlock) {
  const std::string capability =
      absl::HexStringToBytes("0100000202000000000000000000000000000000");
  const std::string value_file = JoinPath(disk_.directory(), "value");
  ASSERT_THAT(WriteFileAtomically(value_file, capability), IsOk());
  const std::string large_file = JoinPath(disk_.directory(), "large");
  ASSERT_THAT(WriteFileAtomically(large_file, std::string(1000, 'v')), IsOk());
  disk_.AddFile("/ping", "x");
  disk_.AddDebugfs(
      absl::StrCat("ea_set -f ", value_file, " /ping security.capability"));
  disk_.AddDebugfs("ea_set /ping user.note hello");
  disk_.AddDebugfs(absl::StrCat("ea_set -f ", large_file, " /ping user.large"));
  Open();
  EXPECT_EQ(Find("/ping").xattrs, (std::map<std::string, std::string>{
                                      {"security.capability", capability},
                                      {"user.large", std::string(1000, 'v')},
                                      {"user.note", "hello"}}));
}

TEST_F(Ext4ReaderTest, HardLinksHaveOneInode) {
  disk_.AddFile("/a", "x");
  disk_.AddHardLink("/b", "/a");
  Open();
  EXPECT_EQ(Find("/a").inode, Find("/b").inode);
  EXPECT_EQ(Find("/a").link_count, 2);
}

TEST_F(Ext4ReaderTest, ReadsShortAndLongSymlinks) {
  const std::string target(300, 'y');
  disk_.AddSymlink("/short", "x");
  disk_.AddSymlink("/long", target);
  Open();
  ASSERT_THAT(Walk(), IsOk());
  std::map<std::string, std::string> targets;
  for (const Ext4Entry& entry : walked_) {
    if (S_ISLNK(entry.mode)) targets[entry.path] = entry.symlink_target;
  }
  EXPECT_EQ(targets, (std::map<std::string, std::string>{{"/long", target},
                                                         {"/short", "x"}}));
}

TEST_F(Ext4ReaderTest, FindFollowsSymlinksInsideTheRoot) {
  disk_.AddFile("/usr/lib/file", "found");
  disk_.AddSymlink("/lib", "usr/lib");
  disk_.AddSymlink("/usr/absolute", "/lib/file");
  disk_.AddSymlink("/usr/escape", "../../../../lib/../lib/./file");
  disk_.AddSymlink("/loop", "loop");
  disk_.AddSymlink("/dangling", "/nowhere");
  Open();
  EXPECT_EQ(Find("/lib/file").path, "/usr/lib/file");
  EXPECT_EQ(Find("/usr/absolute").path, "/usr/lib/file");
  EXPECT_EQ(Find("/usr/escape").path, "/usr/lib/file");
  EXPECT_EQ(Find("/../..").path, "/");
  EXPECT_EQ(Find("/usr/lib/").path, "/usr/lib");
  for (const char* missing : {"/loop", "/dangling", "/usr/lib/file/x",
                              "/usr/lib/file/..", "/x/../lib"}) {
    EXPECT_THAT(reader_->Find(missing),
                StatusIs(absl::StatusCode::kNotFound,
                         absl::StrCat(path_, ": ", "no ", missing, " inside")));
  }
}

TEST_F(Ext4ReaderTest, HolesAreNotStoredData) {
  std::string content(20 * kBlock + 10, '\0');
  content.replace(4 * kBlock, 3, "abc");
  content.replace(5 * kBlock, 3, "def");
  content.replace(20 * kBlock, 3, "end");
  disk_.AddFile("/sparse", content);
  disk_.AddFile("/hole", std::string(3 * kBlock, '\0'));
  Open();
  EXPECT_EQ(Content("/sparse"), content);
  const Ext4Entry entry = Find("/sparse");
  ASSERT_EQ(entry.data.size(), 2);
  EXPECT_EQ(entry.data[0].file_offset, 4 * kBlock);
  EXPECT_EQ(entry.data[0].length, 2 * kBlock);
  EXPECT_EQ(entry.data[1].file_offset, 20 * kBlock);
  EXPECT_EQ(entry.data[1].length, 10);
  EXPECT_TRUE(Find("/hole").data.empty());
  EXPECT_EQ(Find("/hole").size, 3 * kBlock);
}

TEST_F(Ext4ReaderTest, ReservedBlocksReadAsZeros) {
  disk_.AddFile("/file", "start");
  disk_.AddDebugfs("fallocate /file 1 3");
  disk_.AddDebugfs(absl::StrCat("set_inode_field /file size ", 3 * kBlock));
  Open();
  std::string content(3 * kBlock, '\0');
  content.replace(0, 5, "start");
  EXPECT_EQ(Content("/file"), content);
  EXPECT_EQ(Find("/file").data.size(), 1);
}

// All ways in which ext2, ext3 and ext4 store content.
TEST_F(Ext4ReaderTest, ReadsAllStorageFormats) {
  std::string pieces;
  for (int i = 0; i < 300; ++i) {
    absl::StrAppend(&pieces, std::string(kBlock, '\0'), i,
                    std::string(kBlock, 'x'));
    pieces.resize(2 * kBlock * (i + 1));
  }
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{
           {},
           {"-b", "1024"},
           {"-I", "128"},
           {"-O", "inline_data"},
           {"-O", "^extents,^64bit,^metadata_csum"},
           {"-O", "^extents,^64bit", "-b", "1024"},
           {"-t", "ext2"}}) {
    TestDisk disk;
    disk.AddFile("/empty", "");
    disk.AddFile("/small", "small");
    disk.AddFile("/medium", std::string(130, 'm'));
    disk.AddFile("/pieces", pieces);
    disk.AddSymlink("/link", std::string(100, 'l'));
    for (int i = 0; i < 300; ++i) {
      disk.AddFile(absl::StrCat("/many/a-long-name-of-a-file-", i), "");
    }
    disk.AddMkfsArguments(arguments);
    path_ = disk.Make();
    Reopen();
    ASSERT_THAT(status_, IsOk());
    EXPECT_EQ(Content("/empty"), "");
    EXPECT_EQ(Content("/small"), "small");
    EXPECT_EQ(Content("/medium"), std::string(130, 'm'));
    EXPECT_TRUE(Content("/pieces") == pieces);
    EXPECT_EQ(reader_->List("/many")->size(), 300);
    EXPECT_THAT(Walk(), IsOk());
    EXPECT_TRUE(Find("/small").xattrs.empty());
  }
}

TEST_F(Ext4ReaderTest, ReadFileChecksTypeAndSize) {
  disk_.AddFile("/file", "12345");
  disk_.AddDirectory("/directory");
  Open();
  EXPECT_THAT(reader_->ReadFile(Find("/directory"), 10),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       absl::StrCat(path_, ": ", "/directory is not a file")));
  EXPECT_THAT(
      reader_->ReadFile(Find("/file"), 4),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               absl::StrCat(path_, ": ", "/file has 5 bytes, more than 4")));
  EXPECT_THAT(reader_->List("/file"),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       absl::StrCat(path_, ": ", "/file is not a directory")));
}

TEST_F(Ext4ReaderTest, PartitionWithoutExt4IsInvalidArgument) {
  Open();
  Overwrite(path_, kTestPartitionOffset + 1024 + 56, "xx");
  Reopen();
  EXPECT_THAT(status_,
              StatusIs(absl::StatusCode::kInvalidArgument,
                       absl::StrCat(path_, ": ",
                                    "byte 2097152: not an ext4 file system")));
}

TEST_F(Ext4ReaderTest, DamagedSuperblockIsDataLoss) {
  Open();
  Overwrite(path_, kTestPartitionOffset + 1024 + 40, "x");
  Reopen();
  EXPECT_THAT(
      status_,
      StatusIs(absl::StatusCode::kDataLoss,
               absl::StrCat(
                   path_, ": ",
                   "byte 2098176: damaged ext4 superblock: Superblock checksum "
                   "does not match superblock")));
}

TEST_F(Ext4ReaderTest, FileSystemLargerThanItsPartitionIsDataLoss) {
  Open();
  const auto reader =
      Ext4Reader::Open(*image_, kTestPartitionOffset, kTestPartitionSize / 2);
  EXPECT_THAT(
      reader,
      StatusIs(absl::StatusCode::kDataLoss,
               absl::StrCat(
                   path_, ": ",
                   "byte 2097152: damaged ext4 superblock: 2048 blocks, the "
                   "partition has 1024")));
}

TEST_F(Ext4ReaderTest, JournalThatWasNotReplayedIsFailedPrecondition) {
  disk_.AddDebugfs("feature needs_recovery");
  Open();
  EXPECT_THAT(
      status_,
      StatusIs(
          absl::StatusCode::kFailedPrecondition,
          absl::StrCat(
              path_, ": ",
              "byte 2097152: the ext4 file system was not unmounted cleanly")));
}

TEST_F(Ext4ReaderTest, DamagedDirectoryBlockIsDataLossWithItsOffset) {
  disk_.AddFile("/directory/victim-of-damage", "");
  Open();
  const uint64_t offset = OffsetOf("victim-of-damage");
  Overwrite(path_, offset, "V");
  Reopen();
  EXPECT_THAT(
      Walk(),
      StatusIs(
          absl::StatusCode::kDataLoss,
          absl::StrCat(path_, ": ", "byte ", offset / kBlock * kBlock,
                       ": ext4: /directory: Directory block checksum does not "
                       "match directory block")));
}

TEST_F(Ext4ReaderTest, DamagedInodeIsDataLossWithItsOffset) {
  disk_.AddSymlink("/link", "an-unusual-target");
  Open();
  // The target is in the inode's block pointers.
  const uint64_t offset = OffsetOf("an-unusual-target");
  Overwrite(path_, offset, "A");
  Reopen();
  EXPECT_THAT(
      Walk(),
      StatusIs(
          absl::StatusCode::kDataLoss,
          absl::StrCat(path_, ": ", "byte ", offset - 40,
                       ": ext4: /link: Inode checksum does not match inode")));
}

TEST_F(Ext4ReaderTest, NamesOutsideTheirDirectoryAreDataLoss) {
  disk_.AddMkfsArguments({"-O", "^metadata_csum"});
  disk_.AddFile("/directory/.._etc_passwd", "");
  Open();
  const uint64_t offset = OffsetOf(".._etc_passwd");
  Overwrite(path_, offset, "../etc/passwd");
  Reopen();
  EXPECT_THAT(Walk(),
              StatusIs(absl::StatusCode::kDataLoss,
                       ::testing::EndsWith(": ext4: /directory: a file's name "
                                           "is empty or has a \"/\" or NUL")));
}

TEST_F(Ext4ReaderTest, DirectoryInsideItselfIsDataLoss) {
  disk_.AddDirectory("/a/b");
  disk_.AddDebugfs("link /a /a/b/c");
  Open();
  EXPECT_THAT(Walk(),
              StatusIs(absl::StatusCode::kDataLoss,
                       ::testing::EndsWith(
                           ": ext4: /a/b/c: a directory with two parents")));
}

TEST_F(Ext4ReaderTest, BlocksOutsideTheFileSystemAreDataLoss) {
  disk_.AddMkfsArguments({"-O", "^extents,^64bit,^metadata_csum"});
  disk_.AddFile("/file", "x");
  disk_.AddDebugfs("set_inode_field /file block[0] 999999");
  Open();
  EXPECT_THAT(
      Walk(),
      StatusIs(absl::StatusCode::kDataLoss,
               ::testing::EndsWith(
                   ": ext4: /file: its blocks are outside the file system")));
}

}  // namespace
}  // namespace gantry::container
