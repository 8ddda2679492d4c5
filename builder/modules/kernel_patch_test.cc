#include "builder/modules/kernel_patch.h"

#include <filesystem>
#include <string>

#include "base/file.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::modules {
namespace {

using builder::v1::KernelPatch;
using ::testing::HasSubstr;

// include/linux/pci.h of Debian's 6.1.0-50 and 6.1.0-56.
constexpr char kThreeParameters[] =
    "int __must_check pci_resize_resource(struct pci_dev *dev, int i, int "
    "size);\n"
    "int pci_select_bars(struct pci_dev *dev, unsigned long flags);\n";
constexpr char kFourParameters[] =
    "int __must_check pci_resize_resource(struct pci_dev *dev, int i, int "
    "size,\n\t\t\t\t     int exclude_bars);\n"
    "int pci_select_bars(struct pci_dev *dev, unsigned long flags);\n";

KernelPatch Patch(const std::string& matches) {
  KernelPatch patch;
  patch.set_path("patches/pci.patch");
  patch.set_when_header("include/linux/pci.h");
  patch.set_matches(matches);
  return patch;
}

TEST(HeaderMatchesTest, TellsPrototypesApart) {
  // As in release/matrix.textproto.
  const KernelPatch patch =
      Patch(R"(pci_resize_resource\([^,)]*,[^,)]*,[^,)]*,)");
  EXPECT_FALSE(*HeaderMatches(patch, kThreeParameters));
  EXPECT_TRUE(*HeaderMatches(patch, kFourParameters));
}

TEST(HeaderMatchesTest, DotMatchesLineEnds) {
  EXPECT_TRUE(*HeaderMatches(Patch("size,.*exclude_bars"), kFourParameters));
}

TEST(HeaderMatchesTest, MalformedPatternIsInvalidArgument) {
  const auto matches = HeaderMatches(Patch("pci("), kFourParameters);
  EXPECT_EQ(matches.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(matches.status().message(),
            "patch pci.patch: malformed pattern: missing ): pci(");
}

class ApplyPatchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(CreateDirectories(JoinPath(tree_, "nvidia")).ok());
    Write(file_, "one\ntwo\nthree\n");
    Write(patch_,
          "Why.\n\n--- a/nvidia/nv-pci.c\n+++ b/nvidia/nv-pci.c\n"
          "@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n");
  }

  void Write(const std::string& path, const std::string& content) {
    ASSERT_TRUE(WriteFileAtomically(path, content).ok());
  }

  const TempDir temp_ = *TempDir::Create();
  const std::string tree_ = JoinPath(temp_.path(), "tree");
  const std::string file_ = JoinPath(tree_, "nvidia/nv-pci.c");
  const std::string patch_ = JoinPath(temp_.path(), "two.patch");
};

TEST_F(ApplyPatchTest, Applies) {
  ASSERT_TRUE(ApplyPatch(patch_, tree_).ok());
  EXPECT_EQ(*ReadFile(file_), "one\n2\nthree\n");
}

TEST_F(ApplyPatchTest, HunkThatDoesNotFitIsNamedAndNothingChanges) {
  Write(file_, "something else\n");
  const absl::Status status = ApplyPatch(patch_, tree_);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("patch two.patch does not apply: checking file "
                        "nvidia/nv-pci.c; Hunk #1 FAILED at 1"));
  EXPECT_EQ(*ReadFile(file_), "something else\n");
}

TEST_F(ApplyPatchTest, SecondTimeIsFailedPrecondition) {
  ASSERT_TRUE(ApplyPatch(patch_, tree_).ok());
  const absl::Status status = ApplyPatch(patch_, tree_);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("patch two.patch does not apply: "));
  EXPECT_EQ(*ReadFile(file_), "one\n2\nthree\n");
}

TEST_F(ApplyPatchTest, MissingFileIsFailedPrecondition) {
  std::filesystem::remove(file_);
  EXPECT_EQ(ApplyPatch(patch_, tree_).code(),
            absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace gantry::modules
