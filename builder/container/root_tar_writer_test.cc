#include "builder/container/root_tar_writer.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <locale.h>
#include <sys/stat.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/input_file.h"
#include "base/stage_epochs.h"
#include "base/status_matchers.h"
#include "base/subprocess.h"
#include "base/unique_fd.h"
#include "builder/container/test_disk.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::container {
namespace {

class RootTarWriterTest : public testing::Test {
 protected:
  // Writes all files of the disk; returns the tar's path.
  std::string WriteTar(const std::string& name = "tar") {
    const auto image = InputFile::Open(disk_.Make());
    auto reader =
        Ext4Reader::Open(*image, kTestPartitionOffset, kTestPartitionSize);
    EXPECT_THAT(reader, IsOk());
    const std::string path = JoinPath(disk_.directory(), name);
    const UniqueFd fd(
        open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    auto writer = RootTarWriter::Create(fd.get(), path);
    EXPECT_THAT(writer, IsOk());
    absl::Status status = reader->Walk(
        [&](const Ext4Entry& entry) { return writer->Add(entry, *reader); });
    EXPECT_THAT(status, IsOk());
    status = writer->Finish();
    EXPECT_THAT(status, IsOk());
    return path;
  }

  // The archive as GNU tar lists it, without padding.
  std::vector<std::string> List(const std::string& path) {
    SubprocessOptions options;
    options.argv = {"tar",   "-tvvv",           "--xattrs", "--full-time",
                    "--utc", "--numeric-owner", "-f",       path};
    options.merge_stderr = true;
    const auto result = RunSubprocess(options);
    EXPECT_THAT(result, IsOk());
    EXPECT_EQ(result->exit_code, 0);
    std::string output = result->output;
    while (absl::StrReplaceAll({{"  ", " "}}, &output) > 0) {
    }
    return absl::StrSplit(output, '\n', absl::SkipEmpty());
  }

  TestDisk disk_;
};

TEST_F(RootTarWriterTest, GnuTarReadsAllMetadata) {
  disk_.AddFile("/dir/file", "content");
  disk_.AddHardLink("/dir/link", "/dir/file");
  disk_.AddSymlink("/dir/symlink", "/dir/file");
  disk_.AddFile("/dir/su", "");
  disk_.AddDebugfs("rmdir /lost+found");
  disk_.AddDebugfs("mknod null c 1 3");
  disk_.AddDebugfs("ea_set /dir/su user.note hello");
  for (const char* path :
       {"/dir", "/dir/file", "/dir/symlink", "/dir/su", "/null"}) {
    disk_.AddDebugfs(absl::StrCat("set_inode_field ", path, " uid 0"));
    disk_.AddDebugfs(absl::StrCat("set_inode_field ", path, " gid 70000"));
    disk_.AddDebugfs(absl::StrCat("set_inode_field ", path, " mtime @86400"));
    disk_.AddDebugfs(absl::StrCat("set_inode_field ", path, " mtime_extra 0"));
  }
  disk_.AddDebugfs("set_inode_field /dir mode 040755");
  disk_.AddDebugfs("set_inode_field /dir/file mode 0100644");
  disk_.AddDebugfs("set_inode_field /dir/su mode 0104755");
  disk_.AddDebugfs("set_inode_field /null mode 020666");
  disk_.AddDebugfs("set_inode_field /dir/su mtime_extra 4");
  EXPECT_EQ(List(WriteTar()),
            (std::vector<std::string>{
                "drwxr-xr-x 0/70000 0 1970-01-02 00:00:00 dir/",
                "-rw-r--r-- 0/70000 7 1970-01-02 00:00:00 dir/file",
                "hrw-r--r-- 0/70000 0 1970-01-02 00:00:00 dir/link link "
                "to dir/file",
                "-rwsr-xr-x* 0/70000 0 1970-01-02 00:00:00.000000001 "
                "dir/su",
                "lrwxrwxrwx 0/70000 0 1970-01-02 00:00:00 dir/symlink -> "
                "/dir/file",
                "crw-rw-rw- 0/70000 1,3 1970-01-02 00:00:00 null",
            }));
}

// If this fails, other bytes come out of the stage: raise its number in
// base/stage_epochs.h, and change this with it.
TEST_F(RootTarWriterTest, BytesBelongToTheEpoch) {
  disk_.AddFile("/file", "content");
  disk_.AddSymlink("/symlink", "/file");
  disk_.AddDebugfs("rmdir /lost+found");
  for (const char* path : {"/file", "/symlink"}) {
    disk_.AddDebugfs(absl::StrCat("set_inode_field ", path, " uid 0"));
    disk_.AddDebugfs(absl::StrCat("set_inode_field ", path, " gid 0"));
    disk_.AddDebugfs(absl::StrCat("set_inode_field ", path, " mtime @86400"));
    disk_.AddDebugfs(absl::StrCat("set_inode_field ", path, " mtime_extra 0"));
  }
  disk_.AddDebugfs("set_inode_field /file mode 0100644");
  EXPECT_EQ(absl::StrCat(StageEpochOf("container"), " ",
                         *FileSha256Digest(WriteTar())),
            "1 "
            "sha256:"
            "d3f19450da9dfd6875fb6151d14cd31f4be61349a1ec75c9b1bcd43bf96b2557");
}

TEST_F(RootTarWriterTest, SparseFilesStaySparseAndComplete) {
  std::string content(5 << 20, '\0');
  content.replace(1 << 20, 5, "begin");
  content.replace(content.size() - 3, 3, "end");
  disk_.AddFile("/sparse", content);
  disk_.AddFile("/hole", std::string(1 << 20, '\0'));
  disk_.AddFile("/after", "after");
  const std::string path = WriteTar();
  EXPECT_LT(ReadFile(path)->size(), 64 << 10);
  EXPECT_TRUE(*RunCommand({"tar", "-xOf", path, "sparse"}) == content);
  EXPECT_TRUE(*RunCommand({"tar", "-xOf", path, "hole"}) ==
              std::string(1 << 20, '\0'));
  const std::string unpacked = JoinPath(disk_.directory(), "unpacked");
  ASSERT_THAT(CreateDirectories(unpacked), IsOk());
  ASSERT_THAT(RunCommand({"tar", "-C", unpacked, "-xf", path}), IsOk());
  struct stat info;
  ASSERT_EQ(stat(JoinPath(unpacked, "sparse").c_str(), &info), 0);
  EXPECT_LT(info.st_blocks * 512, 64 << 10);
}

TEST_F(RootTarWriterTest, KeepsXattrsAndNamesAsBytes) {
  const std::string value("\0\xff\x01", 3);
  const std::string value_file = JoinPath(disk_.directory(), "value");
  ASSERT_THAT(WriteFileAtomically(value_file, value), IsOk());
  const std::string deep =
      absl::StrCat("deep/", std::string(200, 'd'), "/file");
  disk_.AddFile("/file", "");
  disk_.AddFile(
      "/F\xC5\x91"
      "tan\xC3\xBAs",
      "UTF-8");
  disk_.AddFile("/latin-\xE9", "not UTF-8");
  disk_.AddFile(absl::StrCat("/", deep), "deep");
  disk_.AddDebugfs(
      absl::StrCat("ea_set -f ", value_file, " /file security.capability"));
  const std::string path = WriteTar();

  // libarchive returns names in the locale's encoding.
  setlocale(LC_CTYPE, "C.UTF-8");
  const std::unique_ptr<archive, int (*)(archive*)> reader(archive_read_new(),
                                                           archive_read_free);
  archive_read_support_format_tar(reader.get());
  ASSERT_EQ(archive_read_open_filename(reader.get(), path.c_str(), 1 << 16),
            ARCHIVE_OK);
  std::map<std::string, std::string> xattrs;
  std::vector<std::string> names;
  archive_entry* entry;
  while (archive_read_next_header(reader.get(), &entry) == ARCHIVE_OK) {
    const char* name = archive_entry_pathname(entry);
    names.push_back(name != nullptr ? name : "no name");
    archive_entry_xattr_reset(entry);
    const char* xattr;
    const void* data;
    size_t size;
    while (archive_entry_xattr_next(entry, &xattr, &data, &size) ==
           ARCHIVE_OK) {
      xattrs[xattr] = std::string(static_cast<const char*>(data), size);
    }
  }
  EXPECT_EQ(
      xattrs,
      (std::map<std::string, std::string>{{"security.capability", value}}));
  EXPECT_EQ(names,
            (std::vector<std::string>{
                "F\xC5\x91"
                "tan\xC3\xBAs",
                "deep/", absl::StrCat("deep/", std::string(200, 'd'), "/"),
                deep, "file", "latin-\xE9", "lost+found/"}));
}

TEST_F(RootTarWriterTest, SameFilesGiveTheSameBytes) {
  disk_.AddFile("/b", "b");
  disk_.AddFile("/a", "a");
  disk_.AddSymlink("/c", "a");
  const std::string one = WriteTar("one");
  const std::string two = WriteTar("two");
  EXPECT_TRUE(*ReadFile(one) == *ReadFile(two));
}

TEST_F(RootTarWriterTest, FullDiskIsResourceExhausted) {
  disk_.AddFile("/file", std::string(3 << 20, 'x'));
  const auto image = InputFile::Open(disk_.Make());
  auto reader =
      Ext4Reader::Open(*image, kTestPartitionOffset, kTestPartitionSize);
  const UniqueFd fd(open("/dev/full", O_WRONLY | O_CLOEXEC));
  auto writer = RootTarWriter::Create(fd.get(), "out.tar");
  const absl::Status status = reader->Walk(
      [&](const Ext4Entry& entry) { return writer->Add(entry, *reader); });
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted,
                               "out.tar: Write error"));
}

}  // namespace
}  // namespace gantry::container
