#include "builder/modules/kernel_patch.h"

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

using ::testing::HasSubstr;

class ApplyPatchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_THAT(CreateDirectories(JoinPath(tree_, "nvidia")), IsOk());
    Write(file_, "one\ntwo\nthree\n");
    Write(patch_,
          "Why.\n\n--- a/nvidia/nv-pci.c\n+++ b/nvidia/nv-pci.c\n"
          "@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n");
  }

  void Write(const std::string& path, const std::string& content) {
    ASSERT_THAT(WriteFileAtomically(path, content), IsOk());
  }

  const TempDir temp_ = *TempDir::Create();
  const std::string tree_ = JoinPath(temp_.path(), "tree");
  const std::string file_ = JoinPath(tree_, "nvidia/nv-pci.c");
  const std::string patch_ = JoinPath(temp_.path(), "two.patch");
};

TEST_F(ApplyPatchTest, Applies) {
  ASSERT_THAT(ApplyPatch(patch_, tree_), IsOk());
  EXPECT_THAT(ReadFile(file_), IsOkAndHolds("one\n2\nthree\n"));
}

TEST_F(ApplyPatchTest, HunkThatDoesNotApplyIsNamed) {
  Write(file_, "something else\n");
  EXPECT_THAT(
      ApplyPatch(patch_, tree_),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               HasSubstr("patch two.patch does not apply: patching file "
                         "nvidia/nv-pci.c; Hunk #1 FAILED at 1")));
}

TEST_F(ApplyPatchTest, ApplyingTwiceIsFailedPrecondition) {
  ASSERT_THAT(ApplyPatch(patch_, tree_), IsOk());
  EXPECT_THAT(ApplyPatch(patch_, tree_),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("patch two.patch does not apply: ")));
  EXPECT_THAT(ReadFile(file_), IsOkAndHolds("one\n2\nthree\n"));
}

TEST_F(ApplyPatchTest, MissingFileIsFailedPrecondition) {
  std::filesystem::remove(file_);
  EXPECT_THAT(ApplyPatch(patch_, tree_),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(ApplyPatchTest, MovedLinesApply) {
  Write(file_, "zero\none\ntwo\nthree\n");
  ASSERT_THAT(ApplyPatch(patch_, tree_), IsOk());
  EXPECT_THAT(ReadFile(file_), IsOkAndHolds("zero\none\n2\nthree\n"));
}

// GNU patch would by default ignore the outer two lines of the context.
TEST_F(ApplyPatchTest, OtherContextIsFailedPrecondition) {
  Write(file_, "changed\n1\n2\nold\n3\n4\nchanged too\n");
  Write(patch_,
        "--- a/nvidia/nv-pci.c\n+++ b/nvidia/nv-pci.c\n"
        "@@ -1,7 +1,7 @@\n 0\n 1\n 2\n-old\n+new\n 3\n 4\n 5\n");
  EXPECT_THAT(ApplyPatch(patch_, tree_),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("Hunk #1 FAILED at 1")));
}

TEST_F(ApplyPatchTest, LaterDiffOfTheSameFileSeesTheEarlierOne) {
  Write(patch_,
        "--- a/nvidia/nv-pci.c\n+++ b/nvidia/nv-pci.c\n"
        "@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n"
        "--- a/nvidia/nv-pci.c\n+++ b/nvidia/nv-pci.c\n"
        "@@ -1,3 +1,3 @@\n one\n-2\n+II\n three\n");
  ASSERT_THAT(ApplyPatch(patch_, tree_), IsOk());
  EXPECT_THAT(ReadFile(file_), IsOkAndHolds("one\nII\nthree\n"));
}

}  // namespace
}  // namespace gantry::modules
