#include "base/os_release.h"

#include <map>
#include <string>

#include "absl/status/status.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::Pair;

TEST(OsReleaseTest, ReadsQuotedAndPlainValues) {
  const auto values = ParseKeyValues(
      "# a comment\n\nID=debian\nVERSION_ID=\"12\"\nNAME='a \"b\"'\n"
      "X=a\\ b\n");
  ASSERT_THAT(values, IsOk());
  EXPECT_THAT(*values,
              ElementsAre(Pair("ID", "debian"), Pair("NAME", "a \"b\""),
                          Pair("VERSION_ID", "12"), Pair("X", "a b")));
}

TEST(OsReleaseTest, ErrorsNameTheLine) {
  EXPECT_THAT(
      ParseKeyValues("ID=a\nnonsense\n"),
      StatusIs(absl::StatusCode::kInvalidArgument, "line 2: not KEY=value"));
  EXPECT_THAT(
      ParseKeyValues("ID=\"a\n"),
      StatusIs(absl::StatusCode::kInvalidArgument, "line 1: unbalanced quote"));
}

// ReadOsRelease() of a root file system with these files.
absl::StatusOr<OsRelease> Read(
    const std::map<std::string, std::string>& content_by_path) {
  return ReadOsRelease(
      [&](const std::string& path) -> absl::StatusOr<std::string> {
        const auto file = content_by_path.find(path);
        if (file == content_by_path.end()) return absl::NotFoundError(path);
        if (file->second == "damaged") return absl::DataLossError(path);
        return file->second;
      });
}

auto IsRelease(const std::string& id, const std::string& version_id) {
  return IsOkAndHolds(AllOf(Field(&OsRelease::id, id),
                            Field(&OsRelease::version_id, version_id)));
}

TEST(OsReleaseTest, FileInEtcHidesTheOneInUsrLib) {
  EXPECT_THAT(Read({{"/etc/os-release", "ID=etc\nVERSION_ID=1\n"},
                    {"/usr/lib/os-release", "ID=lib\nVERSION_ID=2\n"}}),
              IsRelease("etc", "1"));
  EXPECT_THAT(Read({{"/etc/os-release", "ID=etc\n"},
                    {"/usr/lib/os-release", "ID=lib\nVERSION_ID=2\n"}}),
              IsRelease("etc", ""));
  EXPECT_THAT(Read({{"/usr/lib/os-release", "ID=lib\nVERSION_ID=2\n"}}),
              IsRelease("lib", "2"));
}

TEST(OsReleaseTest, MissingFilesAreNotFound) {
  EXPECT_THAT(Read({}),
              StatusIs(absl::StatusCode::kNotFound,
                       "no /etc/os-release and no /usr/lib/os-release"));
}

TEST(OsReleaseTest, DamagedFileInEtcIsNotHidden) {
  EXPECT_THAT(Read({{"/etc/os-release", "damaged"},
                    {"/usr/lib/os-release", "ID=lib\nVERSION_ID=2\n"}}),
              StatusIs(absl::StatusCode::kDataLoss, "/etc/os-release"));
  EXPECT_THAT(Read({{"/etc/os-release", "nonsense\n"}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "/etc/os-release: line 1: not KEY=value"));
}

}  // namespace
}  // namespace gantry
