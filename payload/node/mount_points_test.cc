#include "payload/node/mount_points.h"

#include <fcntl.h>

#include <filesystem>
#include <string>

#include "absl/status/status.h"
#include "absl/types/optional.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/temp_dir.h"
#include "base/unique_fd.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "payload/node/test_mount.h"

namespace gantry::node {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::Optional;

TEST(ParseMountPointsTest, ReturnsTheFifthFieldUnescaped) {
  // Lines as in proc_pid_mountinfo(5), one without optional fields.
  EXPECT_THAT(
      ParseMountPoints(
          "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw\n"
          "37 36 0:5 / /opt/a\\040b\\134c rw - tmpfs tmpfs rw\n"),
      IsOkAndHolds(ElementsAre("/mnt2", "/opt/a b\\c")));
}

TEST(ParseMountPointsTest, TruncatedLineReturnsDataLoss) {
  EXPECT_THAT(ParseMountPoints("36 35 98:0 /mnt1\n"),
              StatusIs(absl::StatusCode::kDataLoss,
                       "mountinfo: \"36 35 98:0 /mnt1\" has no mount point"));
}

class FindMountPointTest : public testing::Test {
 protected:
  FindMountPointTest() : temp_(*TempDir::Create(testing::TempDir())) {
    for (const char* path : {"source", "tree/with space/deep", "tree-2"}) {
      fs::create_directories(Path(path));
    }
  }

  std::string Path(const std::string& name) {
    return JoinPath(temp_.path(), name);
  }
  UniqueFd Open(const std::string& name) {
    return UniqueFd(open(Path(name).c_str(), O_RDONLY | O_DIRECTORY));
  }
  absl::StatusOr<absl::optional<std::string>> Find(const std::string& name) {
    return FindMountPoint(Open(name).get());
  }

  const TempDir temp_;
};

TEST_F(FindMountPointTest, FindsWhatIsMountedOnTheDirectoryOrBelowIt) {
  EXPECT_THAT(Find("tree"), IsOkAndHolds(Eq(absl::nullopt)));
  const BindMount mount(Path("source"), Path("tree/with space/deep"));
  EXPECT_THAT(Find("tree"), IsOkAndHolds(Optional(Eq("with space/deep"))));
  EXPECT_THAT(Find("tree/with space"), IsOkAndHolds(Optional(Eq("deep"))));
  EXPECT_THAT(Find("tree/with space/deep"), IsOkAndHolds(Optional(Eq(""))));
}

TEST_F(FindMountPointTest, IgnoresMountsBesideTheDirectory) {
  const BindMount mount(Path("source"), Path("tree-2"));
  EXPECT_THAT(Find("tree"), IsOkAndHolds(Eq(absl::nullopt)));
}

TEST_F(FindMountPointTest, FindsAMountedFile) {
  ASSERT_THAT(WriteFileAtomically(Path("file"), ""), IsOk());
  ASSERT_THAT(WriteFileAtomically(Path("tree/file"), ""), IsOk());
  const BindMount mount(Path("file"), Path("tree/file"));
  EXPECT_THAT(Find("tree"), IsOkAndHolds(Optional(Eq("file"))));
}

TEST_F(FindMountPointTest, BindMountHasAMountIdOfItsOwn) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const int id, MountId(Open("tree").get()));
  EXPECT_THAT(MountId(Open("tree-2").get()), IsOkAndHolds(id));
  const BindMount mount(Path("source"), Path("tree-2"));
  EXPECT_THAT(MountId(Open("tree-2").get()), IsOkAndHolds(testing::Ne(id)));
}

}  // namespace
}  // namespace gantry::node
