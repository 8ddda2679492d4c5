#include "payload/image/tar_index.h"

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/output_file.h"
#include "base/subprocess.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::image {
namespace {

using testing::HasSubstr;

class TarIndexTest : public testing::Test {
 protected:
  std::string Path(const std::string& name) const {
    return JoinPath(folder_.path(), name);
  }

  static std::string Entry(TarEntry entry, const std::string& content) {
    entry.size = content.size();
    return TarHeader(entry) + content + std::string(TarPadding(content.size()));
  }

  static std::string Regular(const std::string& path,
                             const std::string& content) {
    TarEntry entry;
    entry.path = path;
    entry.mode = 0644;
    return Entry(entry, content);
  }

  absl::StatusOr<std::vector<IndexedTarEntry>> Index(
      const std::string& archive) {
    // Not synced, because there are many.
    OutputFile file = *OutputFile::Create(Path("a.tar"));
    EXPECT_TRUE(file.Append(archive).ok());
    EXPECT_TRUE(file.Close().ok());
    return IndexTar(**InputFile::Open(Path("a.tar")));
  }

  std::string Error(const std::string& archive) {
    return Index(archive).status().ToString();
  }

  const TempDir folder_ = *TempDir::Create();
  const std::string end_{TarEnd()};
};

TEST_F(TarIndexTest, EntriesSayWhereTheirContentIs) {
  const std::string archive =
      Regular("a", "one") + Regular("b/c", std::string(513, 'x')) + end_;
  const auto entries = Index(archive);
  ASSERT_TRUE(entries.ok()) << entries.status();
  ASSERT_EQ(entries->size(), 2);
  EXPECT_EQ((*entries)[0].entry.path, "a");
  EXPECT_EQ((*entries)[0].entry.mode, 0644);
  EXPECT_EQ(archive.substr((*entries)[0].offset, 3), "one");
  EXPECT_EQ((*entries)[1].entry.path, "b/c");
  EXPECT_EQ((*entries)[1].entry.size, 513);
  EXPECT_EQ((*entries)[1].offset, 3 * 512);
}

// Every format that tar(1) writes by itself.
TEST_F(TarIndexTest, LongNamesOfEveryFormatAreRead) {
  const std::string name = std::string(90, 'd') + "/" + std::string(90, 'f');
  const std::string target(150, 't');
  const std::string root = Path("tree");
  ASSERT_TRUE(CreateDirectories(JoinPath(root, std::string(90, 'd'))).ok());
  ASSERT_TRUE(WriteFileAtomically(JoinPath(root, name), "content").ok());
  for (const std::string format : {"gnu", "pax", "ustar"}) {
    ASSERT_TRUE(RunCommand({"tar", "--format=" + format, "-cf", Path("t.tar"),
                            "-C", root, "."})
                    .ok());
    const auto entries = IndexTar(**InputFile::Open(Path("t.tar")));
    ASSERT_TRUE(entries.ok()) << format << ": " << entries.status();
    ASSERT_EQ(entries->size(), 2) << format;
    EXPECT_EQ((*entries)[0].entry.type, TarEntryType::kDirectory);
    EXPECT_EQ((*entries)[1].entry.path, name) << format;
    EXPECT_EQ((*entries)[1].entry.size, 7) << format;
  }
  TarEntry link;
  link.path = name;
  link.type = TarEntryType::kSymlink;
  link.link_target = target;
  const auto entries = Index(TarHeader(link) + end_);
  ASSERT_TRUE(entries.ok()) << entries.status();
  EXPECT_EQ((*entries)[0].entry.link_target, target);
}

TEST_F(TarIndexTest, TruncatedArchiveIsDataLoss) {
  const std::string entry = Regular("a", std::string(600, 'x'));
  EXPECT_EQ(Error(""), absl::StrCat("DATA_LOSS: ", Path("a.tar"),
                                    ": entry at byte 0: truncated: the "
                                    "archive's end is missing"));
  EXPECT_EQ(Error(entry), absl::StrCat("DATA_LOSS: ", Path("a.tar"),
                                       ": entry at byte 1536: truncated: the "
                                       "archive's end is missing"));
  EXPECT_EQ(
      Error(entry.substr(0, 1000)),
      absl::StrCat("DATA_LOSS: ", Path("a.tar"),
                   ": entry at byte 0: a: truncated: of 600 bytes of content "
                   "there are 488"));
}

TEST_F(TarIndexTest, AlteredHeaderIsDataLoss) {
  std::string archive = Regular("a", "one") + Regular("b", "two") + end_;
  archive[1024 + 100] ^= 1;
  EXPECT_EQ(Error(archive), absl::StrCat("DATA_LOSS: ", Path("a.tar"),
                                         ": entry at byte 1024: the header's "
                                         "checksum is wrong"));
}

TEST_F(TarIndexTest, OtherFilesAreRefused) {
  EXPECT_EQ(Error(std::string(2000, 'z')),
            absl::StrCat("INVALID_ARGUMENT: ", Path("a.tar"),
                         ": entry at byte 0: not an uncompressed tar "
                         "archive"));
}

TEST_F(TarIndexTest, UnsafePathsAreRefused) {
  for (const std::string path : {"/etc/passwd", "a/../../b"}) {
    EXPECT_THAT(Error(Regular(path, "x") + end_),
                HasSubstr("INVALID_ARGUMENT: " + Path("a.tar") +
                          ": entry at byte 0: unsafe path \"" + path + "\""));
  }
}

TEST_F(TarIndexTest, DevicesAndHardLinksAreRefused) {
  const std::string root = Path("tree");
  ASSERT_TRUE(CreateDirectories(root).ok());
  ASSERT_TRUE(RunCommand({"mkfifo", JoinPath(root, "pipe")}).ok());
  ASSERT_TRUE(
      RunCommand({"tar", "-cf", Path("t.tar"), "-C", root, "pipe"}).ok());
  EXPECT_THAT(
      IndexTar(**InputFile::Open(Path("t.tar"))).status().ToString(),
      HasSubstr("pipe is neither a regular file nor a folder nor a symlink"));
}

// Whatever is in the file: an answer, and every content inside the archive.
TEST_F(TarIndexTest, RandomDamageNeverGivesContentOutsideOfTheArchive) {
  std::mt19937 random(1);
  TarEntry link;
  link.path = std::string(200, 'l');
  link.type = TarEntryType::kSymlink;
  link.link_target = "a";
  const std::string archive = Regular("a", "one") +
                              Regular(std::string(300, 'p'), "two") +
                              TarHeader(link) + end_;
  for (int round = 0; round < 2000; ++round) {
    std::string damaged = archive;
    for (unsigned i = 0; i < 1 + random() % 4; ++i) {
      damaged[random() % damaged.size()] = random();
    }
    damaged.resize(damaged.size() - (random() % 4 == 0 ? random() % 2000 : 0));
    const auto entries = Index(damaged);
    if (!entries.ok()) continue;
    for (const IndexedTarEntry& entry : *entries) {
      EXPECT_LE(entry.offset + entry.entry.size, damaged.size());
    }
  }
}

}  // namespace
}  // namespace gantry::image
