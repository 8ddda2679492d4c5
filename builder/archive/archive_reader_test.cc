#include "builder/archive/archive_reader.h"

#include <sys/stat.h>

#include <cstdint>
#include <filesystem>

#include "absl/status/status.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/subprocess.h"
#include "base/tar_header.h"
#include "base/tar_writer.h"
#include "base/temp_dir.h"
#include "builder/archive/test_package.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::archive {
namespace {

namespace fs = std::filesystem;

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TarEntry Regular(const std::string& path, uint32_t mode = 0644) {
  TarEntry entry;
  entry.path = path;
  entry.mode = mode;
  return entry;
}

TarEntry Symlink(const std::string& path, const std::string& target) {
  TarEntry entry;
  entry.path = path;
  entry.type = TarEntryType::kSymlink;
  entry.mode = 0777;
  entry.link_target = target;
  return entry;
}

class ArchiveReaderTest : public ::testing::Test {
 protected:
  std::string Path(const std::string& name) const {
    return JoinPath(temp_.path(), name);
  }

  // Writes a tar with these entries.  Regular files contain their path.
  std::string WriteTar(const std::vector<TarEntry>& entries,
                       const std::string& name = "a.tar") {
    std::string content;
    TarWriter tar([&](absl::string_view data) {
      content.append(data.data(), data.size());
      return absl::OkStatus();
    });
    for (const TarEntry& entry : entries) {
      EXPECT_THAT(entry.type == TarEntryType::kRegular
                      ? tar.AddFile(entry, entry.path)
                      : tar.Add(entry),
                  IsOk());
    }
    EXPECT_THAT(tar.Finish(), IsOk());
    EXPECT_THAT(WriteFileAtomically(Path(name), content), IsOk());
    return Path(name);
  }

  // Extracts all entries except those named "left-out" to out_.
  absl::Status Extract(const std::string& archive) {
    auto reader = ArchiveReader::Open(archive);
    if (!reader.ok()) return reader.status();
    return ExtractArchive(**reader, out_, [](absl::string_view path) {
      return path == "left-out" ? std::string() : std::string(path);
    });
  }

  const TempDir temp_ = *TempDir::Create();
  const std::string out_ = Path("out");
};

TEST_F(ArchiveReaderTest, ReadsThePackageInsideAPackage) {
  ASSERT_THAT(
      WriteTestPackage(
          Path("a.deb"),
          WriteTar({Regular("./usr/a"), Regular("./usr/b")}, "data.tar")),
      IsOk());
  auto package = ArchiveReader::Open(Path("a.deb"));
  ASSERT_THAT(package, IsOk());
  do {
    ASSERT_THAT((*package)->Next(), IsOkAndHolds(true));
    EXPECT_TRUE((*package)->is_ar());
  } while ((*package)->path() != "data.tar");
  auto data = ArchiveReader::OpenEntryOf(**package);
  ASSERT_THAT(data, IsOk());
  std::vector<std::string> paths;
  while (*(*data)->Next()) {
    EXPECT_TRUE((*data)->is_regular_file());
    paths.push_back((*data)->path());
  }
  EXPECT_THAT(paths, ElementsAre("usr/a", "usr/b"));
}

TEST_F(ArchiveReaderTest, ErrorsNameTheArchive) {
  EXPECT_THAT(ArchiveReader::Open(Path("missing")),
              StatusIs(absl::StatusCode::kNotFound,
                       Path("missing") + ": No such file or directory"));
  ASSERT_THAT(WriteFileAtomically(Path("text"), "not an archive"), IsOk());
  EXPECT_THAT(ArchiveReader::Open(Path("text")),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       StartsWith(Path("text") + ": ")));
}

TEST_F(ArchiveReaderTest, TruncatedContentIsDataLoss) {
  const std::string tar = WriteTar({Regular("file")});
  fs::resize_file(tar, 514);
  EXPECT_THAT(Extract(tar),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("file: ")));
}

TEST_F(ArchiveReaderTest, ExtractsFilesAndLinksWithoutSetIdBits) {
  ASSERT_THAT(Extract(WriteTar({Regular("d/su", 04711), Regular("d/secret", 0),
                                Symlink("d/link", "/etc/passwd"),
                                Regular("left-out")})),
              IsOk());
  EXPECT_THAT(ReadFile(JoinPath(out_, "d/su")), IsOkAndHolds("d/su"));
  struct stat info;
  ASSERT_EQ(stat(JoinPath(out_, "d/su").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0711u);
  ASSERT_EQ(stat(JoinPath(out_, "d/secret").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
  EXPECT_EQ(fs::read_symlink(JoinPath(out_, "d/link")), "/etc/passwd");
  EXPECT_FALSE(fs::exists(JoinPath(out_, "left-out")));
}

TEST_F(ArchiveReaderTest, EntriesOutsideTheDirectoryAreInvalidArgument) {
  EXPECT_THAT(
      Extract(WriteTar({Regular("../evil")})),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("../evil: ")));
  EXPECT_THAT(
      Extract(WriteTar({Symlink("link", temp_.path()), Regular("link/evil")})),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("link/evil: ")));
  EXPECT_FALSE(fs::exists(Path("evil")));
}

TEST_F(ArchiveReaderTest, HardLinksStayInTheDirectory) {
  ASSERT_THAT(CreateDirectories(Path("tree")), IsOk());
  ASSERT_THAT(WriteFileAtomically(Path("tree/left-out"), "x"), IsOk());
  fs::create_hard_link(Path("tree/left-out"), Path("tree/link"));
  ASSERT_THAT(RunCommand({"tar", "-cf", Path("a.tar"), "-C", Path("tree"),
                          "left-out", "link"}),
              IsOk());
  EXPECT_THAT(Extract(Path("a.tar")),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "link: is a hard link to left-out, which was left out"));
}

}  // namespace
}  // namespace gantry::archive
