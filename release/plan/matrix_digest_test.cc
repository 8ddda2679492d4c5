#include "release/plan/matrix_digest.h"

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::plan {
namespace {

using ::testing::HasSubstr;
using ::testing::Ne;

// A matrix that names a keyring and a patch.
class MatrixDigestTest : public testing::Test {
 protected:
  MatrixDigestTest() : directory_(*TempDir::Create(testing::TempDir())) {
    Write("m.textproto",
          "operating_systems { keyring: \"key\" }\n"
          "drivers { patches { file: \"p\" } }\n");
    Write("key", "key");
    Write("p", "patch");
  }

  std::string PathOf(absl::string_view name) const {
    return JoinPath(directory_.path(), name);
  }

  void Write(absl::string_view name, absl::string_view content) {
    ASSERT_THAT(WriteFileAtomically(PathOf(name), content), IsOk());
  }

  absl::StatusOr<std::string> Digest() const {
    return MatrixDigest(PathOf("m.textproto"));
  }

  TempDir directory_;
};

TEST_F(MatrixDigestTest, ChangesWithTheMatrixAndEachFileItNames) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::string before, Digest());
  EXPECT_THAT(Digest(), IsOkAndHolds(before));
  Write("p", "Patch");
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::string patched, Digest());
  EXPECT_NE(patched, before);
  Write("key", "Key");
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::string rekeyed, Digest());
  EXPECT_NE(rekeyed, patched);
  Write("m.textproto", "operating_systems { keyring: \"key\" }");
  EXPECT_THAT(Digest(), IsOkAndHolds(Ne(rekeyed)));
}

TEST_F(MatrixDigestTest, MissingFileIsNotFound) {
  Write("m.textproto", "drivers { patches { file: \"none.patch\" } }");
  EXPECT_THAT(Digest(), StatusIs(absl::StatusCode::kNotFound,
                                 HasSubstr(PathOf("none.patch"))));
}

TEST_F(MatrixDigestTest, MalformedMatrixIsInvalid) {
  Write("m.textproto", "drivers {\n");
  EXPECT_THAT(Digest(), StatusIs(absl::StatusCode::kInvalidArgument,
                                 HasSubstr(PathOf("m.textproto"))));
}

}  // namespace
}  // namespace gantry::plan
