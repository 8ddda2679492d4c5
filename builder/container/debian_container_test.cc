// Compares the rule developer_container with debugfs on a real Debian
// container.
//
//   debian_container_test IMAGE, then the rule's outputs by name: FACTS
//       SYMVERS TAR KERNEL_IMAGE

#include <filesystem>
#include <map>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/subprocess.h"
#include "base/temp_dir.h"
#include "base/textproto.h"
#include "builder/container/test_disk.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/developer_container.pb.h"

namespace gantry::container {
namespace {

namespace fs = std::filesystem;

struct Files {
  std::string image;
  std::string facts;
  std::string symvers;
  std::string tar;
  std::string kernel_image;
} files;

// Permissions of every file and directory, by its relative path.
std::map<std::string, int> Permissions(const std::string& root) {
  std::map<std::string, int> permissions;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    permissions[fs::relative(entry.path(), root)] =
        static_cast<int>(entry.symlink_status().permissions()) & 0777;
  }
  return permissions;
}

class DebianContainerTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_THAT(ReadTextProto(files.facts, facts_), IsOk());
  }

  builder::v1::DeveloperContainer facts_;
};

TEST_F(DebianContainerTest, FactsMatchTheFiles) {
  EXPECT_TRUE(absl::StartsWith(facts_.kernel_release(), "6.1."));
  EXPECT_TRUE(absl::EndsWith(facts_.kernel_release(), "-cloud-amd64"));
  EXPECT_EQ(
      facts_.build_path(),
      absl::StrCat("/usr/lib/modules/", facts_.kernel_release(), "/build"));
  EXPECT_EQ(facts_.kernel_image_path(),
            absl::StrCat("/boot/vmlinuz-", facts_.kernel_release()));
  EXPECT_EQ(facts_.os_id(), "debian");
  EXPECT_EQ(facts_.os_version_id(), "12");
  // A kernel image contains its release
  // (Documentation/arch/x86/boot.rst, "kernel_version").
  const std::string kernel = *ReadFile(files.kernel_image);
  EXPECT_NE(kernel.find(absl::StrCat(facts_.kernel_release(), " (")),
            std::string::npos);
  EXPECT_TRUE(absl::StrContains(*ReadFile(files.symvers),
                                "\tmodule_layout\tvmlinux\t"));
}

TEST_F(DebianContainerTest, FilesAreThoseThatDebugfsReads) {
  const TempDir directory = *TempDir::Create();
  const std::string disk = JoinPath(directory.path(), "disk");
  const std::string ours = JoinPath(directory.path(), "ours");
  const std::string theirs = JoinPath(directory.path(), "theirs");
  ASSERT_THAT(CreateDirectories(ours), IsOk());
  ASSERT_THAT(CreateDirectories(theirs), IsOk());
  ASSERT_THAT(RunCommand({"zstd", "-q", "-d", "-f", "--sparse", "-o", disk,
                          files.image}),
              IsOk());
  ASSERT_THAT(RunCommand({"tar", "-C", ours, "-xf", files.tar,
                          "--no-same-owner", "--delay-directory-restore"}),
              IsOk());
  ASSERT_THAT(
      RunCommand({"/usr/sbin/debugfs", "-R", absl::StrCat("rdump / ", theirs),
                  absl::StrCat(disk, "?offset=", kTestPartitionOffset)}),
      IsOk());
  EXPECT_TRUE(fs::exists(JoinPath(ours, "usr/bin/gcc")));
  EXPECT_TRUE(fs::exists(JoinPath(ours, "usr/bin/make")));
  // Names, contents and links' targets.
  EXPECT_THAT(
      RunCommand({"diff", "--recursive", "--no-dereference", ours, theirs}),
      IsOk());
  const auto permissions = Permissions(ours);
  EXPECT_GT(permissions.size(), 10000);
  EXPECT_TRUE(permissions == Permissions(theirs));
}

TEST_F(DebianContainerTest, HardLinksAreKept) {
  // dpkg installs perl under two names.
  const auto listed = RunCommand({"tar", "-tvf", files.tar, "usr/bin/perl",
                                  "--wildcards", "usr/bin/perl5.*"});
  ASSERT_THAT(listed, IsOk());
  EXPECT_TRUE(absl::StrContains(*listed, " link to usr/bin/perl\n")) << *listed;
}

}  // namespace
}  // namespace gantry::container

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc != 6) return 2;
  gantry::container::files = {argv[1], argv[2], argv[3], argv[4], argv[5]};
  return RUN_ALL_TESTS();
}
