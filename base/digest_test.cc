#include "base/digest.h"

#include <fstream>
#include <string>

#include "gtest/gtest.h"

namespace gantry {
namespace {

// NIST FIPS 180-4 examples: "abc" and the empty message.
constexpr char kAbc[] =
    "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr char kEmpty[] =
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

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
  const auto digest = FileSha256Digest(path);
  ASSERT_TRUE(digest.ok()) << digest.status();
  EXPECT_EQ(*digest, kAbc);
}

TEST(DigestTest, MissingFileIsNotFoundAndNamed) {
  const auto digest = FileSha256Digest("/nonexistent/file");
  EXPECT_EQ(digest.status().code(), absl::StatusCode::kNotFound);
  EXPECT_NE(digest.status().message().find("/nonexistent/file"),
            std::string::npos);
}

TEST(DigestTest, ValidatesForm) {
  EXPECT_TRUE(ValidateDigest(kAbc).ok());
  for (const std::string& bad :
       {std::string(), std::string("sha256:"), std::string(kAbc) + "0",
        std::string(kAbc).substr(7), std::string("sha512") + (kAbc + 6),
        std::string("sha256:") + std::string(64, 'A')}) {
    EXPECT_EQ(ValidateDigest(bad).code(), absl::StatusCode::kInvalidArgument)
        << bad;
  }
  EXPECT_EQ(DigestHex(kAbc), std::string(kAbc).substr(7));
}

}  // namespace
}  // namespace gantry
