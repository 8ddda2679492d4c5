#include "builder/container/developer_container.h"

#include <signal.h>
#include <sys/resource.h>

#include <cstdint>
#include <filesystem>
#include <iterator>
#include <sstream>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/subprocess.h"
#include "builder/container/test_disk.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::container {
namespace {

constexpr char kRelease[] = "6.1.0-56-cloud-amd64";

class DeveloperContainerTest : public testing::Test {
 protected:
  void SetUp() override {
    disk_.AddKernel(kRelease);
    disk_.AddFile("/bin/tool", std::string(100000, 't'));
    output_ = JoinPath(disk_.directory(), "output");
    ASSERT_THAT(CreateDirectories(output_), IsOk());
    options_.tar = JoinPath(output_, "x.tar");
    options_.facts = JoinPath(output_, "x.textproto");
    options_.symvers = JoinPath(output_, "x.symvers");
    options_.kernel_image = JoinPath(output_, "x.vmlinuz");
  }

  absl::Status Read() { return ReadDeveloperContainer(options_); }

  void ExpectFailure(absl::StatusCode code, absl::string_view message) {
    EXPECT_THAT(Read(),
                StatusIs(code, absl::StrCat(options_.image, ": ", message)));
    EXPECT_TRUE(std::filesystem::is_empty(output_));
  }

  TestDisk disk_;
  std::string output_;
  DeveloperContainerOptions options_;
};

TEST_F(DeveloperContainerTest, WritesAllOutputs) {
  options_.image = disk_.Make();
  options_.expected_kernel_release = kRelease;
  ASSERT_THAT(Read(), IsOk());
  EXPECT_THAT(
      ReadFile(options_.facts),
      IsOkAndHolds(
          "kernel_release: \"6.1.0-56-cloud-amd64\"\n"
          "build_path: \"/usr/lib/modules/6.1.0-56-cloud-amd64/build\"\n"
          "kernel_image_path: \"/boot/vmlinuz-6.1.0-56-cloud-amd64\"\n"));
  EXPECT_THAT(ReadFile(options_.kernel_image), IsOkAndHolds("the kernel"));
  EXPECT_THAT(ReadFile(options_.symvers),
              IsOkAndHolds("0x12345678\tprintk\tvmlinux\tEXPORT_SYMBOL\t\n"));
  EXPECT_TRUE(*RunCommand({"tar", "-xOf", options_.tar, "bin/tool"}) ==
              std::string(100000, 't'));
  int files = 0;
  for ([[maybe_unused]] const auto& file :
       std::filesystem::directory_iterator(output_)) {
    ++files;
  }
  EXPECT_EQ(files, 4);
}

TEST_F(DeveloperContainerTest, OnlyRequestedOutputsAreWritten) {
  options_.image = disk_.Make();
  const std::string facts = options_.facts;
  options_ = {};
  options_.image = disk_.Make();
  options_.facts = facts;
  ASSERT_THAT(Read(), IsOk());
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(output_), {}), 1);
}

TEST_F(DeveloperContainerTest, CompressionDoesNotChangeTheOutputs) {
  const std::string plain = disk_.Make();
  options_.image = plain;
  ASSERT_THAT(Read(), IsOk());
  const std::string tar = *ReadFile(options_.tar);
  for (const char* program : {"bzip2", "gzip", "xz", "zstd"}) {
    options_.image = JoinPath(disk_.directory(), "compressed");
    ASSERT_THAT(WriteFileAtomically(options_.image,
                                    *RunCommand({program, "-c", plain})),
                IsOk());
    ASSERT_THAT(Read(), IsOk());
    EXPECT_TRUE(*ReadFile(options_.tar) == tar) << program;
  }
}

TEST_F(DeveloperContainerTest, OtherKernelReleaseIsFailedPrecondition) {
  options_.image = disk_.Make();
  options_.expected_kernel_release = "6.1.0-50-cloud-amd64";
  ExpectFailure(absl::StatusCode::kFailedPrecondition,
                "kernel release 6.1.0-56-cloud-amd64 inside, expected "
                "6.1.0-50-cloud-amd64");
}

TEST_F(DeveloperContainerTest, MissingLabelLeavesNothing) {
  disk_.SetLabel("USR-A");
  options_.image = disk_.Make();
  ExpectFailure(absl::StatusCode::kNotFound,
                "no partition labelled \"ROOT\"; the labels are: \"USR-A\"");
}

TEST_F(DeveloperContainerTest, TruncatedImageLeavesNothing) {
  options_.image = disk_.Make();
  std::filesystem::resize_file(options_.image, 5000000);
  ExpectFailure(absl::StatusCode::kDataLoss,
                "truncated: partition 9 \"ROOT\" ends at byte 10485760, the "
                "image has 5000000");
}

TEST_F(DeveloperContainerTest, TruncatedCompressedImageLeavesNothing) {
  const std::string plain = disk_.Make();
  for (const char* program : {"bzip2", "gzip", "xz", "zstd"}) {
    options_.image = JoinPath(disk_.directory(), "compressed");
    const std::string compressed = *RunCommand({program, "-c", plain});
    ASSERT_THAT(
        WriteFileAtomically(options_.image,
                            compressed.substr(0, compressed.size() / 2)),
        IsOk());
    EXPECT_THAT(Read(), StatusIs(absl::StatusCode::kDataLoss));
    EXPECT_TRUE(std::filesystem::is_empty(output_));
  }
}

TEST_F(DeveloperContainerTest, DamageFoundWhileWritingTheTarLeavesNothing) {
  disk_.AddFile("/directory/victim-of-damage", "");
  options_.image = disk_.Make();
  const uint64_t offset =
      ReadFile(options_.image)->find("victim-of-damage", kTestPartitionOffset);
  Overwrite(options_.image, offset, "V");
  EXPECT_THAT(Read(), StatusIs(absl::StatusCode::kDataLoss,
                               ::testing::HasSubstr(": ext4: /directory: ")));
  EXPECT_TRUE(std::filesystem::is_empty(output_));
}

TEST_F(DeveloperContainerTest, FailedWriteOfTheTarLeavesNothing) {
  options_.image = disk_.Make();
  signal(SIGXFSZ, SIG_IGN);
  rlimit limit;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &limit), 0);
  const rlimit small = {64 << 10, limit.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const absl::Status status = Read();
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kOutOfRange,
                               absl::StrCat(options_.tar, ": Write error")));
  EXPECT_TRUE(std::filesystem::is_empty(output_));
}

TEST_F(DeveloperContainerTest, ListsLikeLs) {
  TestDisk disk;
  disk.AddFile("/a\nb", "12345");
  disk.AddSymlink("/link", "target");
  disk.AddDebugfs("rmdir /lost+found");
  disk.AddDebugfs("mknod null c 1 3");
  for (const char* inode : {"<12>", "<13>", "/null"}) {
    disk.AddDebugfs(absl::StrCat("set_inode_field ", inode, " uid 7"));
    disk.AddDebugfs(absl::StrCat("set_inode_field ", inode, " gid 8"));
    disk.AddDebugfs(absl::StrCat("set_inode_field ", inode, " mtime @86400"));
    disk.AddDebugfs(absl::StrCat("set_inode_field ", inode, " mtime_extra 0"));
  }
  disk.AddDebugfs("set_inode_field /null mode 020666");
  std::ostringstream out;
  ASSERT_THAT(ListDeveloperContainer(disk.Make(), out), IsOk());
  EXPECT_TRUE(absl::EndsWith(
      out.str(),
      "   1     7     8          5 1970-01-02 00:00:00 /a\\nb\n"
      "lrwxrwxrwx   1     7     8          0 1970-01-02 00:00:00 /link -> "
      "target\n"
      "crw-rw-rw-   1     7     8        1,3 1970-01-02 00:00:00 /null\n"))
      << out.str();
}

}  // namespace
}  // namespace gantry::container
