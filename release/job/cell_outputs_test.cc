#include "release/job/cell_outputs.h"

#include <string>

#include "absl/status/status.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::job {
namespace {

using ::testing::EndsWith;

class CellOutputsTest : public testing::Test {
 protected:
  CellOutputsTest() {
    WriteOutput("image",
                "coordinates { os_release: \"a\" kernel_release: \"6.1\" }\n"
                "manifest { digest: \"sha256:m\" }\n");
    WriteOutput("proof", "kernel_release: \"6.1\" accepted: true\n");
  }

  void WriteOutput(const std::string& group, const std::string& content) {
    const std::string path = JoinPath(directory_.path(), group);
    ASSERT_THAT(WriteFileAtomically(path, content), IsOk());
    target_.output_groups[group] = {path};
  }

  const TempDir directory_ = *TempDir::Create(testing::TempDir());
  BuiltTarget target_;
};

TEST_F(CellOutputsTest, ReadsImageAndProof) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const CellOutputs outputs,
                              ReadCellOutputs(target_));
  EXPECT_EQ(outputs.image.manifest().digest(), "sha256:m");
  EXPECT_TRUE(outputs.proof.accepted());
}

TEST_F(CellOutputsTest, ProofThatDoesNotAcceptIsRefused) {
  WriteOutput("proof", "kernel_release: \"6.1\" reason: \"void\"\n");
  EXPECT_THAT(ReadCellOutputs(target_),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       EndsWith("not accepted: void")));
}

TEST_F(CellOutputsTest, ProofOfAnotherKernelIsRefused) {
  WriteOutput("proof", "kernel_release: \"6.2\" accepted: true\n");
  EXPECT_THAT(
      ReadCellOutputs(target_),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               EndsWith("proof for kernel 6.2, but the image is for 6.1")));
}

TEST_F(CellOutputsTest, GroupWithoutFileIsNamed) {
  target_.output_groups.erase("proof");
  EXPECT_THAT(ReadCellOutputs(target_),
              StatusIs(absl::StatusCode::kInternal,
                       "the cell's target has 0 files in output group "
                       "\"proof\", expected one"));
}

TEST_F(CellOutputsTest, GroupWithTwoFilesIsNamed) {
  target_.output_groups["image"].push_back("/another");
  EXPECT_THAT(ReadCellOutputs(target_),
              StatusIs(absl::StatusCode::kInternal,
                       "the cell's target has 2 files in output group "
                       "\"image\", expected one"));
}

}  // namespace
}  // namespace gantry::job
