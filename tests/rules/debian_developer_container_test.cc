// The disk image that debian_developer_container makes of packages.

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/digest.h"
#include "base/file.h"
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
    auto workspace = NestedWorkspace::Create();
    ASSERT_TRUE(workspace.ok()) << workspace.status();
    workspace_ = std::make_unique<NestedWorkspace>(*std::move(workspace));
    AddPackage("aaa", {{"lib/modules/6.1-x/modules.builtin", "built in\n"},
                       {"usr/src/linux-headers-6.1-x/vmlinux", "types"},
                       {"usr/bin/mawk", "#!/bin/sh\n"}});
    AddPackage("bbb", {{"bin/tool", "#!/bin/sh\n"}, {"sbin/setuid", "x"}});
  }

  // Adds a package with these files to the list.
  void AddPackage(const std::string& name,
                  const std::map<std::string, std::string>& files) {
    const std::string tree = "tree-" + name;
    const auto add = [&](absl::string_view path, absl::string_view content) {
      const std::string file = absl::StrCat(tree, "/", path);
      const std::string folder = file.substr(0, file.rfind('/'));
      ASSERT_TRUE(CreateDirectories(workspace_->PathOf(folder)).ok());
      ASSERT_TRUE(workspace_->Write(file, content).ok());
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
    // As long ago as content of packages always is.
    Run({"env", "SOURCE_DATE_EPOCH=1700000000", "dpkg-deb",
         "--root-owner-group", "--build", workspace_->PathOf(tree), deb});
    packages_.push_back(absl::StrCat(R"('{"url": "file://)", deb,
                                     R"(", "digest": ")",
                                     *FileSha256Digest(deb), "\"}'"));
  }

  static std::string Run(const std::vector<std::string>& argv) {
    const auto output = RunCommand(argv);
    EXPECT_TRUE(output.ok()) << output.status();
    return output.value_or("");
  }

  // Makes a container of the packages; returns the path of the image.
  std::string Make(absl::string_view repository,
                   const std::vector<std::string>& packages) {
    const auto result =
        workspace_->Fetch(absl::StrCat("load(\"//builder:repositories.bzl\", "
                                       "\"debian_developer_container\")\n"
                                       "debian_developer_container(name = \"",
                                       repository, "\", packages = [",
                                       absl::StrJoin(packages, ", "), "])\n"),
                          absl::StrCat("@", repository, "//:all"));
    EXPECT_TRUE(result.ok() && result->exit_code == 0)
        << result.status() << result->output;
    return workspace_->Fetched(repository, kImage);
  }

  std::unique_ptr<NestedWorkspace> workspace_;
  // JSON of RemoteFiles, quoted for Starlark.
  std::vector<std::string> packages_;
};

TEST_F(DebianDeveloperContainerTest, IsLaidOutAsContainerLinuxDoes) {
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
  // Packages' own /bin and /lib are below /usr, under the links.
  EXPECT_THAT(stat("/bin"), HasSubstr("Fast link dest: \"usr/bin\""));
  EXPECT_THAT(stat("/usr/bin/tool"), HasSubstr("Type: regular"));
  EXPECT_THAT(stat("/usr/sbin/setuid"),
              AllOf(HasSubstr("Mode:  04755"), HasSubstr("User:     0")));
  EXPECT_THAT(stat("/usr/lib/modules/6.1-x/modules.builtin"),
              HasSubstr("Type: regular"));
  // What scripts of packages would have made.
  EXPECT_THAT(stat("/usr/bin/awk"), HasSubstr("Fast link dest: \"mawk\""));
  EXPECT_THAT(stat("/proc"), HasSubstr("Type: directory"));
  EXPECT_THAT(Run({"/usr/sbin/debugfs", "-R", "cat /etc/passwd", root}),
              HasSubstr("root:x:0:0:"));
  EXPECT_EQ(Run({"/usr/sbin/debugfs", "-R",
                 "ls -p /usr/src/linux-headers-6.1-x", root})
                .find("vmlinux"),
            std::string::npos);
}

TEST_F(DebianDeveloperContainerTest, SamePackagesGiveTheSameBytes) {
  const std::string one = Make("one", packages_);
  const std::string two = Make("two", {packages_[1], packages_[0]});
  EXPECT_EQ(*FileSha256Digest(one), *FileSha256Digest(two));
}

}  // namespace
}  // namespace gantry::rules
