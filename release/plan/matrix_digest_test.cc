#include "release/plan/matrix_digest.h"

#include <string>

#include "base/file.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::plan {
namespace {

using ::testing::HasSubstr;

class MatrixDigestTest : public testing::Test {
 protected:
  MatrixDigestTest() : dir_(*TempDir::Create(testing::TempDir())) {
    Write("m.textproto",
          "operating_systems { keyring: \"key\" }\ndrivers { patches { file: "
          "\"p\" } }\n");
    Write("key", "key");
    Write("p", "patch");
  }

  void Write(const std::string& name, const std::string& content) {
    ASSERT_TRUE(WriteFileAtomically(JoinPath(dir_.path(), name), content).ok());
  }

  absl::StatusOr<std::string> Digest() {
    return MatrixDigest(JoinPath(dir_.path(), "m.textproto"));
  }

  TempDir dir_;
};

TEST_F(MatrixDigestTest, ChangesWithTheMatrixAndEachFileItNames) {
  const std::string before = *Digest();
  EXPECT_EQ(*Digest(), before);
  Write("p", "Patch");
  const std::string patched = *Digest();
  EXPECT_NE(patched, before);
  Write("key", "Key");
  const std::string rekeyed = *Digest();
  EXPECT_NE(rekeyed, patched);
  Write("m.textproto", "operating_systems { keyring: \"key\" }");
  EXPECT_NE(*Digest(), rekeyed);
}

TEST_F(MatrixDigestTest, MissingFileIsNamed) {
  Write("m.textproto", "drivers { patches { file: \"none.patch\" } }");
  const absl::Status status = Digest().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("none.patch"));
}

}  // namespace
}  // namespace gantry::plan
