#include "payload/image/tar_index.h"

#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/output_file.h"
#include "base/status_matchers.h"
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
    return JoinPath(temp_.path(), name);
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
    // WriteFileAtomically() would sync each of many files.
    OutputFile file = *OutputFile::Create(Path("a.tar"));
    EXPECT_THAT(file.Append(archive), IsOk());
    EXPECT_THAT(file.Close(), IsOk());
    return IndexTar(*InputFile::Open(Path("a.tar")));
  }

  const TempDir temp_ = *TempDir::Create();
  const std::string end_{TarEnd()};
};

TEST_F(TarIndexTest, OffsetsLeadToTheContent) {
  const std::string archive =
      Regular("a", "one") + Regular("b/c", std::string(513, 'x')) + end_;
  const auto entries = Index(archive);
  ASSERT_THAT(entries, IsOk());
  ASSERT_EQ(entries->size(), 2);
  EXPECT_EQ((*entries)[0].entry.path, "a");
  EXPECT_EQ((*entries)[0].entry.mode, 0644);
  EXPECT_EQ(archive.substr((*entries)[0].offset, 3), "one");
  EXPECT_EQ((*entries)[1].entry.path, "b/c");
  EXPECT_EQ((*entries)[1].entry.size, 513);
  EXPECT_EQ((*entries)[1].offset, 3 * 512);
}

// All formats that tar(1) writes.
TEST_F(TarIndexTest, LongNamesOfEveryFormatAreRead) {
  const std::string name = std::string(90, 'd') + "/" + std::string(90, 'f');
  const std::string target(150, 't');
  const std::string root = Path("tree");
  ASSERT_THAT(CreateDirectories(JoinPath(root, std::string(90, 'd'))), IsOk());
  ASSERT_THAT(WriteFileAtomically(JoinPath(root, name), "content"), IsOk());
  for (const std::string format : {"gnu", "pax", "ustar"}) {
    ASSERT_THAT(RunCommand({"tar", "--format=" + format, "-cf", Path("t.tar"),
                            "-C", root, "."}),
                IsOk());
    const auto entries = IndexTar(*InputFile::Open(Path("t.tar")));
    ASSERT_THAT(entries, IsOk()) << format;
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
  ASSERT_THAT(entries, IsOk());
  EXPECT_EQ((*entries)[0].entry.link_target, target);
}

TEST_F(TarIndexTest, TruncatedArchiveIsDataLoss) {
  const std::string entry = Regular("a", std::string(600, 'x'));
  EXPECT_THAT(Index(""),
              StatusIs(absl::StatusCode::kDataLoss,
                       absl::StrCat(Path("a.tar"),
                                    ": entry at byte 0: truncated: the "
                                    "end marker is missing")));
  EXPECT_THAT(Index(entry),
              StatusIs(absl::StatusCode::kDataLoss,
                       absl::StrCat(Path("a.tar"),
                                    ": entry at byte 1536: truncated: the "
                                    "end marker is missing")));
  EXPECT_THAT(
      Index(entry.substr(0, 1000)),
      StatusIs(
          absl::StatusCode::kDataLoss,
          absl::StrCat(Path("a.tar"),
                       ": entry at byte 0: a: truncated: 488 of 600 bytes of "
                       "content are left")));
}

TEST_F(TarIndexTest, AlteredHeaderIsDataLoss) {
  std::string archive = Regular("a", "one") + Regular("b", "two") + end_;
  archive[1024 + 100] ^= 1;
  EXPECT_THAT(Index(archive),
              StatusIs(absl::StatusCode::kDataLoss,
                       absl::StrCat(Path("a.tar"),
                                    ": entry at byte 1024: wrong header "
                                    "checksum")));
}

TEST_F(TarIndexTest, OtherFilesAreInvalidArgument) {
  EXPECT_THAT(
      Index(std::string(2000, 'z')),
      StatusIs(absl::StatusCode::kInvalidArgument,
               absl::StrCat(Path("a.tar"),
                            ": entry at byte 0: not an uncompressed tar "
                            "archive")));
}

TEST_F(TarIndexTest, UnsafePathIsInvalidArgument) {
  for (const std::string path : {"/etc/passwd", "a/../../b"}) {
    EXPECT_THAT(
        Index(Regular(path, "x") + end_),
        StatusIs(absl::StatusCode::kInvalidArgument,
                 HasSubstr(Path("a.tar") + ": entry at byte 0: unsafe path \"" +
                           path + "\"")));
  }
}

TEST_F(TarIndexTest, FifoIsInvalidArgument) {
  const std::string root = Path("tree");
  ASSERT_THAT(CreateDirectories(root), IsOk());
  ASSERT_THAT(RunCommand({"mkfifo", JoinPath(root, "pipe")}), IsOk());
  ASSERT_THAT(RunCommand({"tar", "-cf", Path("t.tar"), "-C", root, "pipe"}),
              IsOk());
  EXPECT_THAT(IndexTar(*InputFile::Open(Path("t.tar"))),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("pipe is not a regular file, a directory or a "
                                 "symbolic link")));
}

TEST_F(TarIndexTest, RandomDamageNeverGivesContentOutsideTheArchive) {
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
