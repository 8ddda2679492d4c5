#include "builder/container/debian/debian_container.h"

#include <sys/stat.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/subprocess.h"
#include "base/temp_dir.h"
#include "builder/archive/test_package.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::container {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::string Output(const std::vector<std::string>& argv) {
  const auto output = RunCommand(argv);
  EXPECT_THAT(output, IsOk());
  return output.value_or("");
}

class DebianContainerTest : public testing::Test {
 protected:
  void SetUp() override {
    umask(022);
    AddPackage("aaa", {{"lib/modules/6.1-x/modules.builtin", "built in\n"},
                       {"usr/src/linux-headers-6.1-x/vmlinux", "types"},
                       {"usr/bin/mawk", "#!/bin/sh\n"}});
    AddPackage("bbb", {{"bin/tool", "#!/bin/sh\n"}, {"sbin/setuid", "x"}});
  }

  std::string PathOf(absl::string_view name) const {
    return JoinPath(directory_.path(), name);
  }

  // Builds a package with these files and appends it to packages_.
  void AddPackage(const std::string& name,
                  const std::map<std::string, std::string>& files) {
    const std::string tree = PathOf(absl::StrCat("tree-", name));
    const auto add = [&](absl::string_view path, absl::string_view content) {
      const std::string file = JoinPath(tree, path);
      ASSERT_THAT(CreateDirectories(fs::path(file).parent_path()), IsOk());
      ASSERT_THAT(WriteFileAtomically(file, content), IsOk());
    };
    for (const auto& file : files) add(file.first, file.second);
    if (files.count("sbin/setuid") != 0) {
      Output({"chmod", "4755", JoinPath(tree, "sbin/setuid")});
    }
    add("DEBIAN/control",
        absl::StrCat("Package: ", name,
                     "\nVersion: 1\nArchitecture: all\n"
                     "Maintainer: Nobody <nobody@gantry.test>\n"
                     "Description: For a test.\n"));
    packages_.push_back(PathOf(name + "_1_all.deb"));
    // Files of real packages are older than the build, too.
    Output({"env", "SOURCE_DATE_EPOCH=1700000000", "dpkg-deb",
            "--root-owner-group", "--build", tree, packages_.back()});
  }

  // Makes a container from the packages, alone in a directory.
  absl::Status Make(const std::string& name,
                    const std::vector<std::string>& packages) {
    EXPECT_THAT(CreateDirectories(PathOf(name)), IsOk());
    return MakeDebianContainer({packages, "builder/container/debian/unpack.sh",
                                JoinPath(PathOf(name), "image.zst")});
  }

  const TempDir directory_ = *TempDir::Create(testing::TempDir());
  std::vector<std::string> packages_;
};

TEST_F(DebianContainerTest, HasTheLayoutOfContainerLinux) {
  ASSERT_THAT(Make("out", packages_), IsOk());
  const std::string disk = PathOf("disk");
  Output({"zstd", "-q", "-d", PathOf("out/image.zst"), "-o", disk});

  EXPECT_THAT(Output({"/usr/sbin/sfdisk", "--dump", disk}),
              AllOf(HasSubstr("label: gpt"), HasSubstr("sector-size: 512"),
                    HasSubstr("disk9 : start=        4096,"),
                    HasSubstr("4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709"),
                    HasSubstr("name=\"ROOT\""), Not(HasSubstr("disk1 "))));
  const std::string root = disk + "?offset=2097152";
  Output({"/usr/sbin/e2fsck", "-fn", root});

  const auto stat = [&](const std::string& path) {
    return Output({"/usr/sbin/debugfs", "-R", "stat " + path, root});
  };
  // Files of packages in /bin and /lib are below /usr, where the links lead.
  EXPECT_THAT(stat("/bin"), HasSubstr("Fast link dest: \"usr/bin\""));
  EXPECT_THAT(stat("/usr/bin/tool"), HasSubstr("Type: regular"));
  EXPECT_THAT(stat("/usr/sbin/setuid"),
              AllOf(HasSubstr("Mode:  04755"), HasSubstr("User:     0")));
  EXPECT_THAT(stat("/usr/lib/modules/6.1-x/modules.builtin"),
              HasSubstr("Type: regular"));
  // Maintainer scripts of packages would have created these.
  EXPECT_THAT(stat("/usr/bin/awk"), HasSubstr("Fast link dest: \"mawk\""));
  EXPECT_THAT(stat("/proc"), HasSubstr("Type: directory"));
  EXPECT_THAT(Output({"/usr/sbin/debugfs", "-R", "cat /etc/passwd", root}),
              HasSubstr("root:x:0:0:"));
  EXPECT_THAT(Output({"/usr/sbin/debugfs", "-R",
                      "ls -p /usr/src/linux-headers-6.1-x", root}),
              Not(HasSubstr("vmlinux")));
}

TEST_F(DebianContainerTest, OwnersOfPackagesAreKept) {
  packages_.push_back(PathOf("ccc_1_all.deb"));
  Output({"tar", "--create", "--file", PathOf("data.tar"), "--owner=7",
          "--group=42", "--transform=s,^,./,", "--directory",
          PathOf("tree-bbb"), "bin/tool"});
  ASSERT_THAT(archive::WriteTestPackage(packages_.back(), PathOf("data.tar")),
              IsOk());
  ASSERT_THAT(Make("out", packages_), IsOk());
  const std::string disk = PathOf("disk");
  Output({"zstd", "-q", "-d", PathOf("out/image.zst"), "-o", disk});
  EXPECT_THAT(Output({"/usr/sbin/debugfs", "-R", "stat /usr/bin/tool",
                      disk + "?offset=2097152"}),
              AllOf(HasSubstr("User:     7"), HasSubstr("Group:    42")));
}

TEST_F(DebianContainerTest, ImageDoesNotDependOnTheOrderOfPackages) {
  ASSERT_THAT(Make("one", packages_), IsOk());
  ASSERT_THAT(Make("two", {packages_[1], packages_[0]}), IsOk());
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::string digest,
                              FileSha256Digest(PathOf("one/image.zst")));
  EXPECT_THAT(FileSha256Digest(PathOf("two/image.zst")), IsOkAndHolds(digest));
}

TEST_F(DebianContainerTest, OnlyTheImageIsLeft) {
  ASSERT_THAT(Make("out", packages_), IsOk());
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(PathOf("out"))) {
    names.push_back(entry.path().filename());
  }
  EXPECT_THAT(names, ElementsAre("image.zst"));
}

TEST_F(DebianContainerTest, DamagedPackageIsNamed) {
  ASSERT_THAT(WriteFileAtomically(packages_[0], "not a package\n"), IsOk());
  EXPECT_THAT(Make("out", packages_), StatusIs(absl::StatusCode::kInternal,
                                               HasSubstr("aaa_1_all.deb")));
  EXPECT_TRUE(fs::is_empty(PathOf("out")));
}

TEST_F(DebianContainerTest, PackagesWithOneFileNameAreInvalid) {
  EXPECT_THAT(Make("out", {packages_[0], packages_[0]}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "two packages have the file name aaa_1_all.deb"));
}

}  // namespace
}  // namespace gantry::container
