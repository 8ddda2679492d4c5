#include "base/digest.h"

#include <fstream>
#include <string>

#include "absl/status/status.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry {
namespace {

// NIST FIPS 180-4 examples: "abc" and the empty message.
constexpr char kAbc[] =
    "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr char kEmpty[] =
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr char kAbc512[] =
    "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f";

TEST(DigestTest, MatchesPublishedVectors) {
  EXPECT_EQ(Sha256Digest("abc"), kAbc);
  EXPECT_EQ(Sha256Digest(""), kEmpty);
}

TEST(DigestTest, PiecesGiveTheDigestOfTheWhole) {
  Sha256 sha256;
  sha256.Update("a");
  sha256.Update("");
  sha256.Update("bc");
  EXPECT_EQ(sha256.Finish(), kAbc);
}

TEST(DigestTest, DigestsAFile) {
  const std::string path = testing::TempDir() + "/abc";
  std::ofstream(path) << "abc";
  EXPECT_THAT(FileSha256Digest(path), IsOkAndHolds(kAbc));
}

TEST(DigestTest, DigestsAFileWithSha512) {
  const std::string path = testing::TempDir() + "/abc512";
  std::ofstream(path) << "abc";
  EXPECT_THAT(FileSha512Digest(path), IsOkAndHolds(kAbc512));
}

TEST(DigestTest, MissingFileIsNotFound) {
  EXPECT_THAT(FileSha256Digest("/nonexistent/file"),
              StatusIs(absl::StatusCode::kNotFound,
                       "/nonexistent/file: No such file or directory"));
}

TEST(DigestTest, ValidatesForm) {
  EXPECT_THAT(ValidateDigest(kAbc), IsOk());
  for (const std::string& bad :
       {std::string(), std::string("sha256:"), std::string(kAbc) + "0",
        std::string(kAbc).substr(7), std::string("sha512") + (kAbc + 6),
        std::string("sha256:") + std::string(64, 'A')}) {
    EXPECT_THAT(ValidateDigest(bad),
                StatusIs(absl::StatusCode::kInvalidArgument))
        << bad;
  }
  EXPECT_EQ(DigestHex(kAbc), std::string(kAbc).substr(7));
}

}  // namespace
}  // namespace gantry
