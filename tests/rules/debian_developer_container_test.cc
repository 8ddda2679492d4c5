// Tests the disk image that debian_developer_container makes from packages.

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/subprocess.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/rules/nested_workspace.h"

namespace gantry::rules {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr absl::string_view kImage = "developer_container.bin.zst";

class DebianDeveloperContainerTest : public testing::Test {
 protected:
  void SetUp() override {
    GANTRY_ASSERT_OK_AND_ASSIGN(NestedWorkspace workspace,
                                NestedWorkspace::Create());
    workspace_ = std::make_unique<NestedWorkspace>(std::move(workspace));
    AddPackage("aaa", {{"lib/modules/6.1-x/modules.builtin", "built in\n"},
                       {"usr/src/linux-headers-6.1-x/vmlinux", "types"},
                       {"usr/bin/mawk", "#!/bin/sh\n"}});
    AddPackage("bbb", {{"bin/tool", "#!/bin/sh\n"}, {"sbin/setuid", "x"}});
  }

  // Builds a package with these files and appends it to packages_.
  void AddPackage(const std::string& name,
                  const std::map<std::string, std::string>& files) {
    const std::string tree = "tree-" + name;
    const auto add = [&](absl::string_view path, absl::string_view content) {
      const std::string file = absl::StrCat(tree, "/", path);
      const std::string directory = file.substr(0, file.rfind('/'));
      ASSERT_THAT(CreateDirectories(workspace_->PathOf(directory)), IsOk());
      ASSERT_THAT(workspace_->Write(file, content), IsOk());
    };
    for (const auto& file : files) add(file.first, file.second);
    if (files.count("sbin/setuid") != 0) {
      Run({"chmod", "4755", workspace_->PathOf(tree + "/sbin/setuid")});
    }
    add("DEBIAN/control",
        absl::StrCat("Package: ", name,
                     "\nVersion: 1\nArchitecture: all\n"
                     "Maintainer: Nobody <nobody@gantry.test>\n"
                     "Description: For a test.\n"));
    const std::string deb = workspace_->PathOf(name + "_1_all.deb");
    // Files of real packages are older than the build, too.
    Run({"env", "SOURCE_DATE_EPOCH=1700000000", "dpkg-deb",
         "--root-owner-group", "--build", workspace_->PathOf(tree), deb});
    packages_.push_back(absl::StrCat(R"('{"url": "file://)", deb,
                                     R"(", "digest": ")",
                                     *FileSha256Digest(deb), "\"}'"));
  }

  static std::string Run(const std::vector<std::string>& argv) {
    const auto output = RunCommand(argv);
    EXPECT_THAT(output, IsOk());
    return output.value_or("");
  }

  // Makes a container from the packages.  Returns the path of its image.
  std::string Make(absl::string_view repository,
                   const std::vector<std::string>& packages) {
    const auto result =
        workspace_->Fetch(absl::StrCat("load(\"//builder:repositories.bzl\", "
                                       "\"debian_developer_container\")\n"
                                       "debian_developer_container(name = \"",
                                       repository, "\", packages = [",
                                       absl::StrJoin(packages, ", "), "])\n"),
                          absl::StrCat("@", repository, "//:all"));
    EXPECT_THAT(result, IsOk());
    if (result.ok()) EXPECT_EQ(result->exit_code, 0) << result->output;
    return workspace_->Fetched(repository, kImage);
  }

  std::unique_ptr<NestedWorkspace> workspace_;
  // RemoteFiles as JSON, quoted for Starlark.
  std::vector<std::string> packages_;
};

TEST_F(DebianDeveloperContainerTest, HasTheLayoutOfContainerLinux) {
  const std::string image = Make("layout", packages_);
  const std::string disk = workspace_->PathOf("disk");
  Run({"zstd", "-q", "-d", image, "-o", disk});

  EXPECT_THAT(Run({"/usr/sbin/sfdisk", "--dump", disk}),
              AllOf(HasSubstr("label: gpt"), HasSubstr("sector-size: 512"),
                    HasSubstr("disk9 : start=        4096,"),
                    HasSubstr("4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709"),
                    HasSubstr("name=\"ROOT\""), Not(HasSubstr("disk1 "))));
  const std::string root = disk + "?offset=2097152";
  Run({"/usr/sbin/e2fsck", "-fn", root});

  const auto stat = [&](const std::string& path) {
    return Run({"/usr/sbin/debugfs", "-R", "stat " + path, root});
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
  EXPECT_THAT(Run({"/usr/sbin/debugfs", "-R", "cat /etc/passwd", root}),
              HasSubstr("root:x:0:0:"));
  EXPECT_THAT(Run({"/usr/sbin/debugfs", "-R",
                   "ls -p /usr/src/linux-headers-6.1-x", root}),
              Not(HasSubstr("vmlinux")));
}

TEST_F(DebianDeveloperContainerTest, ImageDoesNotDependOnTheOrderOfPackages) {
  const std::string one = Make("one", packages_);
  const std::string two = Make("two", {packages_[1], packages_[0]});
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::string digest, FileSha256Digest(one));
  EXPECT_THAT(FileSha256Digest(two), IsOkAndHolds(digest));
}

}  // namespace
}  // namespace gantry::rules
