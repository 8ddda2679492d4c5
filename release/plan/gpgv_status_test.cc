#include "release/plan/gpgv_status.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::plan {
namespace {

constexpr char kGood[] =
    "[GNUPG:] NEWSIG a@x\n"
    "[GNUPG:] KEY_CONSIDERED A1B2 0\n"
    "[GNUPG:] GOODSIG B2 a@x\n"
    "[GNUPG:] VALIDSIG A1B2 2020-02-01 1580515200\n";

TEST(GpgvStatusTest, GoodAndValidSignaturesAreAccepted) {
  EXPECT_THAT(CheckGpgvStatus(kGood), IsOk());
  EXPECT_THAT(CheckGpgvStatus(absl::StrCat(kGood, kGood)), IsOk());
}

// Status lines, and why the file is refused.
// builder/private/gpgv_status_test.bzl has the same cases.
struct RefusedCase {
  std::string status_lines;
  const char* cause;
};

class RefusedGpgvStatusTest : public testing::TestWithParam<RefusedCase> {};

TEST_P(RefusedGpgvStatusTest, IsDataLossWithTheCause) {
  EXPECT_THAT(CheckGpgvStatus(GetParam().status_lines),
              StatusIs(absl::StatusCode::kDataLoss, GetParam().cause));
}

INSTANTIATE_TEST_SUITE_P(
    Cases, RefusedGpgvStatusTest,
    testing::ValuesIn<RefusedCase>({
        {"", "not an OpenPGP signature"},
        {"[GNUPG:] NODATA 1\n[GNUPG:] NODATA 2\n", "not an OpenPGP signature"},
        {"[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG B2 a@x\n",
         "gpgv did not report the signature by key (unknown) as good and "
         "valid"},
        {"[GNUPG:] NEWSIG\n[GNUPG:] VALIDSIG A1B2\n",
         "gpgv did not report the signature by key A1B2 as good and valid"},
        {"[GNUPG:] NEWSIG\n[GNUPG:] KEY_CONSIDERED A1B2 0\n"
         "[GNUPG:] BADSIG B2 a@x\n",
         "the file does not match the signature by key A1B2"},
        {"[GNUPG:] NEWSIG\n[GNUPG:] REVKEYSIG B2 a@x\n"
         "[GNUPG:] VALIDSIG A1B2\n",
         "key A1B2 has been revoked"},
        {"[GNUPG:] NEWSIG\n[GNUPG:] EXPKEYSIG B2 a@x\n"
         "[GNUPG:] VALIDSIG A1B2\n",
         "key A1B2 has expired"},
        {"[GNUPG:] NEWSIG\n[GNUPG:] EXPSIG B2 a@x\n[GNUPG:] VALIDSIG A1B2\n",
         "the signature by key A1B2 has expired"},
        {"[GNUPG:] NEWSIG\n[GNUPG:] ERRSIG B2 99 8 00 1580515200 4 A1B2\n",
         "the signature by key A1B2 cannot be checked"},
        {"[GNUPG:] NEWSIG\n[GNUPG:] ERRSIG B2 22 8 00 1580515200 9 A1B2\n"
         "[GNUPG:] NO_PUBKEY B2\n",
         "key A1B2 is not in the keyring"},
        {absl::StrCat(kGood,
                      "[GNUPG:] NEWSIG\n[GNUPG:] REVKEYSIG D4 c@x\n"
                      "[GNUPG:] VALIDSIG C3D4\n"),
         "key C3D4 has been revoked"},
        {"[GNUPG:] NEWSIG\n[GNUPG:] REVKEYSIG B2 a@x\n"
         "[GNUPG:] GOODSIG B2 a@x\n[GNUPG:] VALIDSIG A1B2\n",
         "key A1B2 has been revoked"},
        // gpgv writes a user id without line ends, so its text is never a
        // keyword.
        {"[GNUPG:] NEWSIG\n[GNUPG:] BADSIG B2 GOODSIG VALIDSIG\n",
         "the file does not match the signature by key (unknown)"},
    }));

}  // namespace
}  // namespace gantry::plan
