#include "base/host_identity.h"

#include <sys/utsname.h>

#include <filesystem>
#include <string>

#include "absl/status/status.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry {
namespace {

namespace fs = std::filesystem;

using ::testing::AllOf;
using ::testing::Field;

constexpr char kKernel[] = "6.6.95-flatcar";
constexpr char kFlatcar[] = "ID=flatcar\nVERSION_ID=4230.2.0\n";

// Matches the identity of the host that kFlatcar describes.
auto IsFlatcar() {
  return IsOkAndHolds(
      AllOf(Field(&HostIdentity::os_release, "flatcar-4230.2.0"),
            Field(&HostIdentity::kernel_release, kKernel)));
}

class HostIdentityTest : public testing::Test {
 protected:
  HostIdentityTest() {
    fs::create_directories(Path("etc"));
    fs::create_directories(Path("usr/lib"));
  }

  std::string Path(const std::string& name) const {
    return JoinPath(root_, name);
  }

  void Write(const std::string& name, const std::string& text) const {
    EXPECT_THAT(WriteFileAtomically(Path(name), text), IsOk());
  }

  absl::StatusOr<HostIdentity> Read() const {
    return ReadHostIdentity(root_, kKernel);
  }

  const TempDir temp_ = *TempDir::Create();
  const std::string root_ = temp_.path() + "/rootfs";
};

TEST_F(HostIdentityTest, ComesFromEtcFirst) {
  Write("etc/os-release", kFlatcar);
  Write("usr/lib/os-release", "ID=other\nVERSION_ID=1\n");
  EXPECT_THAT(Read(), IsFlatcar());
}

TEST_F(HostIdentityTest, FallsBackToUsrLibIfEtcHasNoFile) {
  Write("usr/lib/os-release", kFlatcar);
  EXPECT_THAT(Read(), IsFlatcar());
}

TEST_F(HostIdentityTest, FallsBackToUsrLibIfTheLinkInEtcIsDangling) {
  Write("usr/lib/os-release", kFlatcar);
  fs::create_symlink("/run/os-release", Path("etc/os-release"));
  EXPECT_THAT(Read(), IsFlatcar());
}

TEST_F(HostIdentityTest, FileInEtcIsNotCompletedFromUsrLib) {
  Write("etc/os-release", "ID=flatcar\n");
  Write("usr/lib/os-release", kFlatcar);
  EXPECT_THAT(Read(), StatusIs(absl::StatusCode::kFailedPrecondition,
                               root_ + ": os-release sets no VERSION_ID"));
}

TEST_F(HostIdentityTest, UnreadableFileInEtcIsAnError) {
  fs::create_directory(Path("etc/os-release"));
  Write("usr/lib/os-release", kFlatcar);
  EXPECT_THAT(Read(), StatusIs(absl::StatusCode::kFailedPrecondition,
                               root_ + ": /etc/os-release: Is a directory"));
}

TEST_F(HostIdentityTest, LinksAreResolvedInsideTheRoot) {
  Write("usr/lib/os-release", kFlatcar);
  fs::create_symlink("../usr/lib/os-release", Path("etc/os-release"));
  EXPECT_THAT(Read(), IsFlatcar());

  // Outside, /usr/lib/os-release is this machine's.
  fs::remove(Path("etc/os-release"));
  fs::create_symlink("/usr/lib/os-release", Path("etc/os-release"));
  EXPECT_THAT(Read(), IsFlatcar());

  fs::remove(Path("usr/lib/os-release"));
  EXPECT_THAT(Read(), StatusIs(absl::StatusCode::kNotFound,
                               root_ + ": no /etc/os-release and no "
                                       "/usr/lib/os-release"));
}

TEST_F(HostIdentityTest, EmptyFieldIsLikeAMissingOne) {
  for (const char* text : {"ID=debian\n", "ID=debian\nVERSION_ID=\n",
                           "ID=debian\nVERSION_ID=\"\"\n"}) {
    Write("etc/os-release", text);
    EXPECT_THAT(Read(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                 root_ + ": os-release sets no VERSION_ID"));
  }
  Write("etc/os-release", "VERSION_ID=12\n");
  EXPECT_THAT(Read(), StatusIs(absl::StatusCode::kFailedPrecondition,
                               root_ + ": os-release sets no ID"));
}

TEST_F(HostIdentityTest, MalformedFileIsNamedWithItsLine) {
  Write("etc/os-release", "ID=debian\nnonsense\n");
  EXPECT_THAT(Read(), StatusIs(absl::StatusCode::kInvalidArgument,
                               root_ + ": /etc/os-release: line 2: not "
                                       "KEY=value"));
}

TEST_F(HostIdentityTest, NoRootDirectoryIsNotFound) {
  EXPECT_THAT(ReadHostIdentity(root_ + "/missing", kKernel),
              StatusIs(absl::StatusCode::kNotFound,
                       root_ + "/missing: No such file or directory"));
}

TEST_F(HostIdentityTest, KernelIsTheRunningOneUnlessItIsGiven) {
  Write("etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n");
  utsname names;
  ASSERT_EQ(uname(&names), 0);
  EXPECT_THAT(
      ReadHostIdentity(root_, ""),
      IsOkAndHolds(AllOf(
          Field(&HostIdentity::os_release,
                std::string("debian-12-") + names.release),
          Field(&HostIdentity::kernel_release, std::string(names.release)))));
}

}  // namespace
}  // namespace gantry
