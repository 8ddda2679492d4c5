// Signatures by real keys are in openpgp_test; here is what no gpgv of today
// writes.

#include "release/plan/gpgv_status.h"

#include "base/status_matchers.h"
#include "gtest/gtest.h"

namespace gantry::plan {
namespace {

constexpr absl::StatusCode kDataLoss = absl::StatusCode::kDataLoss;

TEST(GpgvStatusTest, GoodAndValidIsAccepted) {
  EXPECT_THAT(CheckGpgvStatus("[GNUPG:] NEWSIG a@x\n"
                              "[GNUPG:] KEY_CONSIDERED A1B2 0\n"
                              "[GNUPG:] GOODSIG B2 a@x\n"
                              "[GNUPG:] VALIDSIG A1B2 2020-02-01 1580515200\n"),
              IsOk());
}

TEST(GpgvStatusTest, NoLinesAreNoSignature) {
  EXPECT_THAT(CheckGpgvStatus(""),
              StatusIs(kDataLoss, "not an OpenPGP signature"));
}

TEST(GpgvStatusTest, GoodWithoutValidIsRefused) {
  EXPECT_THAT(CheckGpgvStatus("[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG B2 a@x\n"),
              StatusIs(kDataLoss,
                       "gpgv did not call the signature by key (unknown) good "
                       "and valid"));
}

TEST(GpgvStatusTest, ValidWithoutGoodIsRefused) {
  EXPECT_THAT(
      CheckGpgvStatus("[GNUPG:] NEWSIG\n[GNUPG:] VALIDSIG A1B2\n"),
      StatusIs(kDataLoss,
               "gpgv did not call the signature by key A1B2 good and valid"));
}

TEST(GpgvStatusTest, RefusalStandsWhateverFollows) {
  EXPECT_THAT(CheckGpgvStatus("[GNUPG:] NEWSIG\n[GNUPG:] REVKEYSIG B2 a@x\n"
                              "[GNUPG:] GOODSIG B2 a@x\n"
                              "[GNUPG:] VALIDSIG A1B2\n"),
              StatusIs(kDataLoss, "key A1B2 has been revoked"));
}

TEST(GpgvStatusTest, UnsupportedAlgorithmIsRefused) {
  EXPECT_THAT(
      CheckGpgvStatus("[GNUPG:] NEWSIG\n"
                      "[GNUPG:] ERRSIG B2 99 8 00 1580515200 4 A1B2\n"),
      StatusIs(kDataLoss, "the signature by key A1B2 cannot be checked"));
}

TEST(GpgvStatusTest, OneGoodSignatureDoesNotMakeUpForAnother) {
  EXPECT_THAT(CheckGpgvStatus("[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG B2 a@x\n"
                              "[GNUPG:] VALIDSIG A1B2\n"
                              "[GNUPG:] NEWSIG\n[GNUPG:] EXPKEYSIG D4 c@x\n"
                              "[GNUPG:] VALIDSIG C3D4\n"),
              StatusIs(kDataLoss, "key C3D4 has expired"));
}

// gpgv writes a user id without line ends; a keyword in it is no keyword.
TEST(GpgvStatusTest, UserIdIsNotRead) {
  EXPECT_THAT(
      CheckGpgvStatus("[GNUPG:] NEWSIG\n[GNUPG:] BADSIG B2 GOODSIG VALIDSIG\n"),
      StatusIs(kDataLoss, "the file is not the one that key (unknown) signed"));
}

}  // namespace
}  // namespace gantry::plan
