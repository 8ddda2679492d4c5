#include "release/job/cell_outputs.h"

#include <string>

#include "base/file.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::job {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

class CellOutputsTest : public testing::Test {
 protected:
  CellOutputsTest() : dir_(*TempDir::Create(testing::TempDir())) {
    Write("x.image.textproto",
          "coordinates { os_release: \"a\" kernel_release: \"6.1\" }\n"
          "manifest { digest: \"sha256:m\" }\n");
    Write("x.proof.textproto", "kernel_release: \"6.1\" accepted: true\n");
  }

  void Write(const std::string& name, const std::string& content) {
    const std::string path = JoinPath(dir_.path(), name);
    ASSERT_TRUE(WriteFileAtomically(path, content).ok());
  }

  absl::StatusOr<CellOutputs> Read() {
    BuiltTarget target;
    target.outputs = {dir_.path() + "/x.layer",
                      dir_.path() + "/x.image.textproto",
                      dir_.path() + "/x.proof.textproto"};
    return ReadCellOutputs(target);
  }

  TempDir dir_;
};

TEST_F(CellOutputsTest, ReadsImageAndProof) {
  const auto outputs = Read();
  ASSERT_TRUE(outputs.ok()) << outputs.status();
  EXPECT_EQ(outputs->image.manifest().digest(), "sha256:m");
  EXPECT_TRUE(outputs->proof.accepted());
}

TEST_F(CellOutputsTest, ProofThatDoesNotAcceptIsRefused) {
  Write("x.proof.textproto", "kernel_release: \"6.1\" reason: \"void\"\n");
  const absl::Status status = Read().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), EndsWith("not accepted: void"));
}

TEST_F(CellOutputsTest, ProofOfAnotherKernelIsRefused) {
  Write("x.proof.textproto", "kernel_release: \"6.2\" accepted: true\n");
  const absl::Status status = Read().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("is of kernel 6.2, the image of 6.1"));
}

TEST_F(CellOutputsTest, MissingOutputIsNamed) {
  EXPECT_EQ(
      ReadCellOutputs(BuiltTarget()).status(),
      absl::InternalError("the cell's target has no output *.image.textproto"));
}

}  // namespace
}  // namespace gantry::job
