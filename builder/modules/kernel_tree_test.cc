#include "builder/modules/kernel_tree.h"

#include <filesystem>
#include <string>

#include "absl/status/status.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::modules {
namespace {

namespace fs = std::filesystem;

class KernelTreeTest : public ::testing::Test {
 protected:
  void Write(const std::string& path, const std::string& content) {
    const std::string file = JoinPath(root_, path);
    ASSERT_THAT(CreateDirectories(fs::path(file).parent_path().string()),
                IsOk());
    ASSERT_THAT(WriteFileAtomically(file, content), IsOk());
  }

  void Link(const std::string& path, const std::string& target) {
    const fs::path link = JoinPath(root_, path);
    fs::create_directories(link.parent_path());
    fs::create_symlink(target, link);
  }

  absl::StatusOr<KernelTree> Read() {
    return ReadKernelTree(root_, "/usr/lib/modules/6.1/build");
  }

  const TempDir temp_ = *TempDir::Create();
  const std::string root_ = temp_.path();
};

TEST_F(KernelTreeTest, DebianHasSplitTreesBehindAbsoluteLinks) {
  Write("usr/src/headers-amd64/.config",
        "CONFIG_CC_VERSION_TEXT=\"gcc-12 (Debian 12.2.0-14) 12.2.0\"\n");
  Write("usr/src/headers-common/include/linux/pci.h", "pci");
  Write("usr/src/headers-amd64/include/generated/autoconf.h", "autoconf");
  Link("usr/lib/modules/6.1/build", "/usr/src/headers-amd64");
  Link("usr/lib/modules/6.1/source", "/usr/src/headers-common");
  Write("usr/bin/gcc-12", "");
  Link("bin", "usr/bin");

  const auto tree = Read();
  ASSERT_THAT(tree, IsOk());
  EXPECT_EQ(tree->paths.build, "/usr/lib/modules/6.1/build");
  EXPECT_EQ(tree->paths.source, "/usr/lib/modules/6.1/source");
  EXPECT_EQ(tree->cross_compile, "");
  EXPECT_FALSE(tree->preempt_rt);
  EXPECT_THAT(ReadKernelHeader(root_, tree->paths, "include/linux/pci.h"),
              IsOkAndHolds("pci"));
  EXPECT_THAT(
      ReadKernelHeader(root_, tree->paths, "include/generated/autoconf.h"),
      IsOkAndHolds("autoconf"));
  EXPECT_THAT(ReadKernelHeader(root_, tree->paths, "include/no.h"),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(KernelTreeTest, FlatcarHasOneTreeAndACrossCompiler) {
  Write("usr/lib/modules/6.1/build/.config",
        "CONFIG_PREEMPT_RT=y\n"
        "CONFIG_CC_VERSION_TEXT=\"x86_64-cros-linux-gnu-gcc (Gentoo) 14\"\n");
  Link("usr/lib/modules/6.1/source", "build");
  Write("usr/bin/x86_64-cros-linux-gnu-gcc", "");

  const auto tree = Read();
  ASSERT_THAT(tree, IsOk());
  EXPECT_EQ(tree->paths.source, tree->paths.build);
  EXPECT_EQ(tree->cross_compile, "x86_64-cros-linux-gnu-");
  EXPECT_TRUE(tree->preempt_rt);
}

TEST_F(KernelTreeTest, OnlyCompilerOfThatNameWithAPrefixIsUsed) {
  Write("usr/lib/modules/6.1/build/.config",
        "CONFIG_CC_VERSION_TEXT=\"gcc (Gentoo) 9.3.0\"\n");
  Write("usr/bin/x86_64-cros-linux-gnu-gcc", "");
  ASSERT_THAT(Read(), IsOk());
  EXPECT_EQ(Read()->cross_compile, "x86_64-cros-linux-gnu-");
}

TEST_F(KernelTreeTest, MissingCompilerIsNotFound) {
  Write("usr/lib/modules/6.1/build/.config",
        "CONFIG_CC_VERSION_TEXT=\"gcc-12 (Debian 12.2.0-14) 12.2.0\"\n");
  EXPECT_THAT(
      Read(),
      StatusIs(absl::StatusCode::kNotFound,
               "the kernel was built by gcc-12, which the container lacks"));
}

TEST_F(KernelTreeTest, MissingTreeIsNotFound) {
  EXPECT_THAT(
      Read(),
      StatusIs(absl::StatusCode::kNotFound,
               "/usr/lib/modules/6.1/build: No such file or directory"));
}

TEST_F(KernelTreeTest, LinksInACycleAreAnError) {
  Link("usr/lib/modules/6.1/build", "source");
  Link("usr/lib/modules/6.1/source", "/usr/lib/modules/6.1/build");
  EXPECT_THAT(Read(), StatusIs(absl::StatusCode::kUnknown,
                               "/usr/lib/modules/6.1/build: Too many levels of "
                               "symbolic links"));
}

TEST_F(KernelTreeTest, LinksCannotLeaveTheRoot) {
  Write("etc/.config", "CONFIG_CC_VERSION_TEXT=\"gcc 12\"\n");
  Link("usr/lib/modules/6.1/build", "../../../../../../../../../../etc");
  Write("usr/bin/gcc", "");
  EXPECT_THAT(Read(), IsOk());
}

}  // namespace
}  // namespace gantry::modules
