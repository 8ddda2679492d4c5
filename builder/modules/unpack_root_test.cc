#include "builder/modules/unpack_root.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "absl/status/status.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/subprocess.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::modules {
namespace {

TEST(IsNeededForCompilingTest, IsTrueForInputsOfCompilersAndKbuild) {
  for (const char* path :
       {"usr/bin/gcc-12", "usr/lib/gcc/x86_64-linux-gnu/12/cc1",
        "usr/lib/modules/6.1/build/kernel/bounds.s",
        "lib64/modules/6.1/build/.config", "usr/share/perl/5.36/strict.pm",
        "usr/share/docs", "usr/src/linux-headers/Makefile", "bootstrap"}) {
    EXPECT_TRUE(IsNeededForCompiling(path)) << path;
  }
}

TEST(IsNeededForCompilingTest, IsFalseForTheRest) {
  for (const char* path :
       {"boot/vmlinuz", "usr/share/doc", "usr/share/doc/gcc/changelog.gz",
        "lib/modules/6.1/kernel/fs/ext4/ext4.ko",
        "usr/lib64/modules/6.1/kernel", "dev/null"}) {
    EXPECT_FALSE(IsNeededForCompiling(path)) << path;
  }
}

class UnpackRootTest : public ::testing::Test {
 protected:
  // Makes a tar with GNU tar of the files that a shell command creates.
  std::string Tar(const std::string& command) {
    const std::string tar = JoinPath(temp_.path(), "root.tar");
    SubprocessOptions options;
    options.argv = {"/bin/bash", "-ec",
                    "mkdir $0.d; cd $0.d; " + command + "; tar -cf $0 .", tar};
    const auto result = RunSubprocess(options);
    EXPECT_EQ(result->exit_code, 0) << result->error_output;
    return tar;
  }

  const TempDir temp_ = *TempDir::Create();
  const std::string root_ = JoinPath(temp_.path(), "root");
};

TEST_F(UnpackRootTest, KeepsLinksModesAndTimesAndCreatesMountPoints) {
  const std::string tar =
      Tar("mkdir -p usr/bin usr/share/doc boot; echo hi > usr/bin/perl;"
          "ln usr/bin/perl usr/bin/perl5; ln -s usr/bin bin; chmod 4555 "
          "usr/bin/perl; touch -d @1000 usr/bin/perl; touch boot/vmlinuz");
  const absl::Status status = UnpackRoot(tar, root_);
  ASSERT_THAT(status, IsOk());
  struct stat perl, perl5;
  ASSERT_EQ(stat(JoinPath(root_, "bin/perl").c_str(), &perl), 0);
  ASSERT_EQ(stat(JoinPath(root_, "usr/bin/perl5").c_str(), &perl5), 0);
  EXPECT_EQ(perl.st_ino, perl5.st_ino);
  EXPECT_EQ(perl.st_mode & 07777, 0755u);
  EXPECT_EQ(perl.st_mtime, 1000);
  EXPECT_EQ(perl.st_uid, geteuid());
  EXPECT_FALSE(std::filesystem::exists(JoinPath(root_, "boot")));
  for (const char* mount_point : {"build", "dev", "proc", "tmp"}) {
    EXPECT_TRUE(std::filesystem::is_directory(JoinPath(root_, mount_point)));
  }
}

TEST_F(UnpackRootTest, LeavesOutPipesAndUnneededFiles) {
  const std::string tar = Tar("mkdir -p usr/share/man; mkfifo usr/pipe");
  ASSERT_THAT(UnpackRoot(tar, root_), IsOk());
  EXPECT_FALSE(std::filesystem::exists(JoinPath(root_, "usr/pipe")));
  EXPECT_FALSE(std::filesystem::exists(JoinPath(root_, "usr/share/man")));
}

TEST_F(UnpackRootTest, MissingTarIsNotFound) {
  EXPECT_THAT(UnpackRoot("/no/such.tar", root_),
              StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace gantry::modules
