#include "base/tar_writer.h"

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/subprocess.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry {
namespace {

TarEntry Entry(const std::string& path, TarEntryType type, uint32_t mode) {
  TarEntry entry;
  entry.path = path;
  entry.type = type;
  entry.mode = mode;
  return entry;
}

// An archive with one entry of each type.
std::string WriteArchive() {
  std::string archive;
  TarWriter tar([&](absl::string_view data) {
    archive.append(data.data(), data.size());
    return absl::OkStatus();
  });
  EXPECT_THAT(tar.Add(Entry("d", TarEntryType::kDirectory, 0755)), IsOk());
  EXPECT_THAT(
      tar.AddFile(Entry("d/f", TarEntryType::kRegular, 0644), "content"),
      IsOk());
  TarEntry streamed = Entry("d/g", TarEntryType::kRegular, 0755);
  streamed.size = 3;
  EXPECT_THAT(tar.AddFile(streamed,
                          [&] {
                            archive += "abc";
                            return absl::OkStatus();
                          }),
              IsOk());
  TarEntry link = Entry("d/l", TarEntryType::kSymlink, 0777);
  link.link_target = "f";
  EXPECT_THAT(tar.Add(link), IsOk());
  EXPECT_THAT(tar.Finish(), IsOk());
  return archive;
}

TEST(TarWriterTest, TarReadsEveryEntry) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const TempDir directory, TempDir::Create());
  const std::string path = JoinPath(directory.path(), "a.tar");
  ASSERT_THAT(WriteFileAtomically(path, WriteArchive()), IsOk());
  EXPECT_THAT(
      RunCommand(
          {"tar", "--utc", "--numeric-owner", "--full-time", "-tvf", path}),
      IsOkAndHolds("drwxr-xr-x 0/0               0 1970-01-01 00:00:00 d/\n"
                   "-rw-r--r-- 0/0               7 1970-01-01 00:00:00 d/f\n"
                   "-rwxr-xr-x 0/0               3 1970-01-01 00:00:00 d/g\n"
                   "lrwxrwxrwx 0/0               0 1970-01-01 00:00:00 d/l -> "
                   "f\n"));
  EXPECT_THAT(RunCommand({"tar", "-xOf", path, "d/f", "d/g"}),
              IsOkAndHolds("contentabc"));
}

TEST(TarWriterTest, EqualEntriesGiveEqualBytes) {
  EXPECT_EQ(WriteArchive(), WriteArchive());
}

TEST(TarWriterTest, ErrorsOfTheSinkAndTheContentAreReturned) {
  const TarEntry entry = Entry("f", TarEntryType::kRegular, 0644);
  TarWriter full([](absl::string_view) {
    return absl::ResourceExhaustedError("disk full");
  });
  EXPECT_THAT(full.Add(entry),
              StatusIs(absl::StatusCode::kResourceExhausted, "disk full"));
  EXPECT_THAT(full.Finish(),
              StatusIs(absl::StatusCode::kResourceExhausted, "disk full"));
  TarWriter tar([](absl::string_view) { return absl::OkStatus(); });
  EXPECT_THAT(tar.AddFile(entry, [] { return absl::DataLossError("short"); }),
              StatusIs(absl::StatusCode::kDataLoss, "short"));
}

}  // namespace
}  // namespace gantry
