#include "builder/container/container_facts.h"

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/input_file.h"
#include "base/status_matchers.h"
#include "builder/container/test_disk.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::container {
namespace {

class ContainerFactsTest : public testing::Test {
 protected:
  void Open() {
    path_ = disk_.Make();
    image_ = std::make_unique<InputFile>(*InputFile::Open(path_));
    reader_ = std::make_unique<Ext4Reader>(
        *Ext4Reader::Open(*image_, kTestPartitionOffset, kTestPartitionSize));
  }

  builder::v1::DeveloperContainer Read() {
    Open();
    const auto facts = ReadContainerFacts(*reader_);
    EXPECT_THAT(facts, IsOk());
    return facts.value_or(builder::v1::DeveloperContainer());
  }

  TestDisk disk_;
  std::string path_;
  std::unique_ptr<InputFile> image_;
  std::unique_ptr<Ext4Reader> reader_;
};

TEST_F(ContainerFactsTest, ReadsDebian) {
  disk_.AddSymlink("/lib", "usr/lib");
  disk_.AddKernel("6.1.0-56-cloud-amd64");
  disk_.AddFile("/usr/lib/os-release",
                "PRETTY_NAME=\"Debian GNU/Linux 12\"\nID=debian\n"
                "VERSION_ID=\"12\"\n");
  disk_.AddSymlink("/etc/os-release", "../usr/lib/os-release");
  const auto facts = Read();
  EXPECT_EQ(facts.kernel_release(), "6.1.0-56-cloud-amd64");
  EXPECT_EQ(facts.build_path(), "/usr/lib/modules/6.1.0-56-cloud-amd64/build");
  EXPECT_EQ(facts.os_id(), "debian");
  EXPECT_EQ(facts.os_version_id(), "12");
  EXPECT_EQ(facts.kernel_image_path(), "/boot/vmlinuz-6.1.0-56-cloud-amd64");
  EXPECT_THAT(ReadModuleSymvers(*reader_, facts),
              IsOkAndHolds("0x12345678\tprintk\tvmlinux\tEXPORT_SYMBOL\t\n"));
  EXPECT_THAT(ReadKernelImage(*reader_, facts), IsOkAndHolds("the kernel"));
}

TEST_F(ContainerFactsTest, ReadsCoreOs) {
  disk_.AddFile("/usr/lib64/modules/4.19.123-coreos/build/Module.symvers", "s");
  disk_.AddDirectory("/usr/lib64/modules/4.19.123-coreos/source");
  disk_.AddSymlink("/usr/lib", "lib64");
  disk_.AddSymlink("/lib64", "usr/lib64");
  disk_.AddFile("/usr/boot/config", "");
  disk_.AddFile("/usr/boot/vmlinuz-4.19.123-coreos", "CoreOS kernel");
  disk_.AddFile("/usr/lib64/os-release", "ID=coreos\nVERSION_ID=2512.2.0\n");
  const auto facts = Read();
  EXPECT_EQ(facts.kernel_release(), "4.19.123-coreos");
  EXPECT_EQ(facts.build_path(), "/usr/lib64/modules/4.19.123-coreos/build");
  EXPECT_EQ(facts.os_id(), "coreos");
  EXPECT_EQ(facts.kernel_image_path(), "/usr/boot/vmlinuz-4.19.123-coreos");
  EXPECT_THAT(ReadModuleSymvers(*reader_, facts), IsOkAndHolds("s"));
  EXPECT_THAT(ReadKernelImage(*reader_, facts), IsOkAndHolds("CoreOS kernel"));
}

TEST_F(ContainerFactsTest, ReadsFlatcar) {
  disk_.AddFile("/usr/lib/modules/6.6.95-flatcar/build/Module.symvers", "s");
  disk_.AddFile("/usr/lib/modules/6.6.95-flatcar/vmlinuz", "Flatcar kernel");
  const auto facts = Read();
  EXPECT_EQ(facts.kernel_release(), "6.6.95-flatcar");
  EXPECT_EQ(facts.os_id(), "");
  EXPECT_EQ(facts.kernel_image_path(),
            "/usr/lib/modules/6.6.95-flatcar/vmlinuz");
  EXPECT_THAT(ReadKernelImage(*reader_, facts), IsOkAndHolds("Flatcar kernel"));
}

TEST_F(ContainerFactsTest, FollowsRelativeBuildLinks) {
  disk_.AddFile("/usr/src/linux/Module.symvers", "s");
  disk_.AddSymlink("/lib/modules/5.10/build", "../../../../usr/src/linux");
  const auto facts = Read();
  EXPECT_EQ(facts.build_path(), "/lib/modules/5.10/build");
  EXPECT_THAT(ReadModuleSymvers(*reader_, facts), IsOkAndHolds("s"));
}

TEST_F(ContainerFactsTest, OtherEntriesOfModulesAreIgnored) {
  disk_.AddKernel("6.1");
  disk_.AddDirectory("/usr/lib/modules/6.0/kernel");
  disk_.AddFile("/usr/lib/modules/README", "");
  disk_.AddSymlink("/usr/lib/modules/current", "nowhere");
  EXPECT_EQ(Read().kernel_release(), "6.1");
}

TEST_F(ContainerFactsTest, NoBuildTreeIsAFailedPrecondition) {
  disk_.AddDirectory("/usr/lib/modules/6.0/kernel");
  Open();
  EXPECT_THAT(
      ReadContainerFacts(*reader_),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               absl::StrCat(path_, ": ",
                            "no kernel build tree inside: no directory below "
                            "/usr/lib*/modules "
                            "or /lib*/modules has a \"build\" entry; found "
                            "/usr/lib/modules/6.0")));
}

TEST_F(ContainerFactsTest, EmptyContainerIsAFailedPrecondition) {
  Open();
  EXPECT_THAT(
      ReadContainerFacts(*reader_),
      StatusIs(
          absl::StatusCode::kFailedPrecondition,
          absl::StrCat(path_, ": ",
                       "no kernel build tree inside: no directory below "
                       "/usr/lib*/modules "
                       "or /lib*/modules has a \"build\" entry; found none")));
}

TEST_F(ContainerFactsTest, SeveralBuildTreesAreAFailedPrecondition) {
  disk_.AddKernel("6.1");
  disk_.AddDirectory("/usr/lib64/modules/6.12/build");
  Open();
  EXPECT_THAT(
      ReadContainerFacts(*reader_),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               absl::StrCat(
                   path_, ": ",
                   "several kernel build trees inside: /usr/lib/modules/6.1, "
                   "/usr/lib64/modules/6.12")));
}

TEST_F(ContainerFactsTest, MalformedOsReleaseIsNamed) {
  disk_.AddKernel("6.1");
  disk_.AddFile("/etc/os-release", "ID=debian\nnonsense\n");
  Open();
  EXPECT_THAT(ReadContainerFacts(*reader_),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       absl::StrCat(
                           path_, ": /etc/os-release: line 2: not KEY=value")));
}

TEST_F(ContainerFactsTest, MissingSymversAndKernelAreNotFound) {
  disk_.AddDirectory("/usr/lib/modules/6.1/build");
  const auto facts = Read();
  EXPECT_EQ(facts.kernel_image_path(), "");
  EXPECT_THAT(
      ReadModuleSymvers(*reader_, facts),
      StatusIs(
          absl::StatusCode::kNotFound,
          absl::StrCat(path_, ": ",
                       "no /usr/lib/modules/6.1/build/Module.symvers inside")));
  EXPECT_THAT(
      ReadKernelImage(*reader_, facts),
      StatusIs(
          absl::StatusCode::kNotFound,
          absl::StrCat(path_, ": ",
                       "no kernel image inside: looked for /boot/vmlinuz-6.1, "
                       "/usr/boot/vmlinuz* and vmlinuz next to "
                       "/usr/lib/modules/6.1/build")));
}

}  // namespace
}  // namespace gantry::container
