#include "base/tar_header.h"

#include <string>

#include "base/file.h"
#include "base/status_matchers.h"
#include "base/subprocess.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry {
namespace {

TarEntry Regular(const std::string& path, const std::string& content) {
  TarEntry entry;
  entry.path = path;
  entry.mode = 0640;
  entry.size = content.size();
  return entry;
}

std::string Archive(const TarEntry& entry, const std::string& content) {
  return TarHeader(entry) + content + std::string(TarPadding(content.size())) +
         std::string(TarEnd());
}

// The archive's entries as tar(1) lists them.
std::string List(const std::string& archive) {
  const TempDir directory = *TempDir::Create();
  const std::string path = JoinPath(directory.path(), "a.tar");
  EXPECT_THAT(WriteFileAtomically(path, archive), IsOk());
  auto listing = RunCommand(
      {"tar", "--utc", "--numeric-owner", "--full-time", "-tvf", path});
  EXPECT_THAT(listing, IsOk());
  return listing.value_or("");
}

TEST(TarHeaderTest, RegularFileIsOneUstarBlock) {
  const std::string archive = Archive(Regular("a/b", "content"), "content");
  EXPECT_EQ(archive.size(), 512 + 512 + 1024);
  EXPECT_EQ(archive.substr(257, 8), std::string("ustar\0"
                                                "00",
                                                8));
  EXPECT_EQ(List(archive),
            "-rw-r----- 0/0               7 1970-01-01 00:00:00 a/b\n");
}

TEST(TarHeaderTest, DirectoryEndsInSlashAndHasNoContent) {
  TarEntry entry = Regular("a/b", "x");
  entry.type = TarEntryType::kDirectory;
  entry.mode = 0755;
  EXPECT_EQ(List(Archive(entry, "")),
            "drwxr-xr-x 0/0               0 1970-01-01 00:00:00 a/b/\n");
}

TEST(TarHeaderTest, SymlinkHasTarget) {
  TarEntry entry;
  entry.path = "lib.so";
  entry.type = TarEntryType::kSymlink;
  entry.mode = 0777;
  entry.link_target = "lib.so.1";
  EXPECT_EQ(List(Archive(entry, "")),
            "lrwxrwxrwx 0/0               0 1970-01-01 00:00:00 lib.so -> "
            "lib.so.1\n");
}

TEST(TarHeaderTest, NameOfHundredBytesFitsAndLongerOnesTakeAnExtendedHeader) {
  EXPECT_EQ(TarHeader(Regular(std::string(100, 'n'), "")).size(), 512);
  for (const size_t length : {101, 255, 985, 986, 987, 4000}) {
    TarEntry entry = Regular(std::string(length, 'n'), "");
    entry.type = TarEntryType::kSymlink;
    entry.link_target = std::string(length, 't');
    EXPECT_THAT(List(Archive(entry, "")),
                testing::HasSubstr(std::string(length, 'n') + " -> " +
                                   std::string(length, 't') + "\n"));
  }
}

TEST(TarHeaderTest, SizeAboveEightGiBTakesAnExtendedHeader) {
  TarEntry entry = Regular("big", "");
  entry.size = (int64_t{1} << 33) - 1;
  EXPECT_EQ(TarHeader(entry).size(), 512);
  entry.size += 1;
  EXPECT_THAT(TarHeader(entry), testing::HasSubstr("19 size=8589934592\n"));
}

TEST(TarHeaderTest, PaddingFillsTheBlock) {
  EXPECT_EQ(TarPadding(0).size(), 0);
  EXPECT_EQ(TarPadding(1).size(), 511);
  EXPECT_EQ(TarPadding(511).size(), 1);
  EXPECT_EQ(TarPadding(512).size(), 0);
}

}  // namespace
}  // namespace gantry
