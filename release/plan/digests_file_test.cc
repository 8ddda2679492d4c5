#include "release/plan/digests_file.h"

#include <string>

#include "absl/status/status.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::plan {
namespace {

// NIST FIPS 180-4 examples: SHA-512 of "abc" and of the empty message.
constexpr char kAbc[] =
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f";
constexpr char kEmpty[] =
    "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
    "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e";

std::string DigestsFile() {
  return std::string("# MD5 HASH\n900150983cd24fb0d6963f7d28e17f72  a.bin\n") +
         "# SHA1 HASH\na9993e364706816aba3e25717850c26c9cd0d89d  a.bin\n"
         "# SHA512 HASH\n" +
         kEmpty + "  a.bin.sig\n" + kAbc + "  a.bin\n";
}

TEST(DigestsFileTest, FindsTheFileByWholeName) {
  EXPECT_THAT(FindSha512(DigestsFile(), "a.bin"),
              IsOkAndHolds(std::string("sha512:") + kAbc));
  EXPECT_THAT(FindSha512(DigestsFile(), "a.bin.sig"),
              IsOkAndHolds(std::string("sha512:") + kEmpty));
}

TEST(DigestsFileTest, MissingFileIsNotFound) {
  EXPECT_THAT(FindSha512(DigestsFile(), "bin"),
              StatusIs(absl::StatusCode::kNotFound, "no SHA-512 of bin"));
  EXPECT_THAT(FindSha512("", "bin"), StatusIs(absl::StatusCode::kNotFound));
}

TEST(DigestsFileTest, OtherSectionsAreIgnored) {
  EXPECT_THAT(FindSha512(std::string("# SHA512 HASH\n# SHA1 HASH\n") + kAbc +
                             "  a.bin\n",
                         "a.bin"),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST(DigestsFileTest, ShortDigestIsDataLoss) {
  EXPECT_THAT(FindSha512("# SHA512 HASH\n0123  a.bin\n", "a.bin"),
              StatusIs(absl::StatusCode::kDataLoss,
                       "malformed SHA-512 \"0123\" of a.bin"));
}

}  // namespace
}  // namespace gantry::plan
