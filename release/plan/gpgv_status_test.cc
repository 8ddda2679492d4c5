#include "release/plan/gpgv_status.h"

#include <string>
#include <vector>

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
    "[GNUPG:] VALIDSIG A1B2 2020-02-01 1580515200 0 4 0 22 8 00 A1B2\n";

// A signature at second 1000 by the subkey 5B of the key A1B2, after one of
// them has expired.
constexpr char kExpiredKey[] =
    "[GNUPG:] NEWSIG\n"
    "[GNUPG:] KEYEXPIRED 900\n"
    "[GNUPG:] KEY_CONSIDERED A1B2 0\n"
    "[GNUPG:] KEYEXPIRED 2000\n"
    "[GNUPG:] EXPKEYSIG 5B a@x\n"
    "[GNUPG:] VALIDSIG 5B 1970-01-01 1000 0 4 0 22 8 00 A1B2\n";

// A listing of that key, with the validity and expiration of its parts.
std::string Listing(const std::string& primary, const std::string& subkey) {
  const std::string rest = ":::::s:::::ed25519::\n";
  return absl::StrCat("pub:", primary, rest, "fpr:::::::::A1B2:\n",
                      "uid:e::::1:::a@x::::::::::0:\n",  //
                      "sub:e:255:22:4B:1:900", rest, "fpr:::::::::4B:\n",
                      "sub:", subkey, rest, "fpr:::::::::5B:\n");
}

TEST(GpgvStatusTest, GoodAndValidSignaturesAreAccepted) {
  EXPECT_THAT(CheckGpgvStatus(kGood, "", {}), IsOk());
  EXPECT_THAT(CheckGpgvStatus(absl::StrCat(kGood, kGood), "", {}), IsOk());
}

TEST(GpgvStatusTest, KeyThatExpiredAfterSigningIsAccepted) {
  for (const std::string& listing : {
           Listing("-:255:22:A1:1:", "e:255:22:5B:1:1001"),
           Listing("e:255:22:A1:1:1001", "e:255:22:5B:1:"),
           Listing("e:255:22:A1:1:3000", "e:255:22:5B:1:2000"),
       }) {
    EXPECT_THAT(CheckGpgvStatus(kExpiredKey, listing, {}), IsOk()) << listing;
  }
}

TEST(GpgvStatusTest, PinnedPrimaryKeyIsAccepted) {
  EXPECT_THAT(CheckGpgvStatus(kGood, "", {"C3D4", "A1B2"}), IsOk());
  EXPECT_THAT(CheckGpgvStatus(kExpiredKey,
                              Listing("-:255:22:A1:1:", "e:255:22:5B:1:2000"),
                              {"A1B2"}),
              IsOk());
}

// Status lines, and why the file is refused.
// builder/private/gpgv_status_test.bzl has the same cases.
struct RefusedCase {
  std::string status_lines;
  const char* cause;
  std::string key_listing = "";
  std::vector<std::string> fingerprints = {};
};

class RefusedGpgvStatusTest : public testing::TestWithParam<RefusedCase> {};

TEST_P(RefusedGpgvStatusTest, IsDataLossWithTheCause) {
  EXPECT_THAT(CheckGpgvStatus(GetParam().status_lines, GetParam().key_listing,
                              GetParam().fingerprints),
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
        {"[GNUPG:] NEWSIG\n[GNUPG:] VALIDSIG A1B2 1970-01-01 1000\n",
         "gpgv did not report the signature by key A1B2 as good and valid"},
        // Without a time.
        {"[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG B2 a@x\n[GNUPG:] VALIDSIG A1B2\n",
         "gpgv did not report the signature by key A1B2 as good and valid"},
        {"[GNUPG:] NEWSIG\n[GNUPG:] KEY_CONSIDERED A1B2 0\n"
         "[GNUPG:] BADSIG B2 a@x\n",
         "the file does not match the signature by key A1B2"},
        {"[GNUPG:] NEWSIG\n[GNUPG:] REVKEYSIG B2 a@x\n"
         "[GNUPG:] VALIDSIG A1B2 1970-01-01 1000\n",
         "key A1B2 has been revoked"},
        {"[GNUPG:] NEWSIG\n[GNUPG:] EXPSIG B2 a@x\n"
         "[GNUPG:] VALIDSIG A1B2 1970-01-01 1000\n",
         "the signature by key A1B2 has expired"},
        {"[GNUPG:] NEWSIG\n[GNUPG:] ERRSIG B2 99 8 00 1580515200 4 A1B2\n",
         "the signature by key A1B2 cannot be checked"},
        {"[GNUPG:] NEWSIG\n[GNUPG:] ERRSIG B2 22 8 00 1580515200 9 A1B2\n"
         "[GNUPG:] NO_PUBKEY B2\n",
         "key A1B2 is not in the keyring"},
        {absl::StrCat(kGood,
                      "[GNUPG:] NEWSIG\n[GNUPG:] REVKEYSIG D4 c@x\n"
                      "[GNUPG:] VALIDSIG C3D4 1970-01-01 1000\n"),
         "key C3D4 has been revoked"},
        {"[GNUPG:] NEWSIG\n[GNUPG:] REVKEYSIG B2 a@x\n"
         "[GNUPG:] GOODSIG B2 a@x\n[GNUPG:] VALIDSIG A1B2 1970-01-01 1000\n",
         "key A1B2 has been revoked"},
        // gpgv writes a user id without line ends, so its text is never a
        // keyword.
        {"[GNUPG:] NEWSIG\n[GNUPG:] BADSIG B2 GOODSIG VALIDSIG\n",
         "the file does not match the signature by key (unknown)"},

        {kExpiredKey, "key 5B had expired when it signed",
         Listing("-:255:22:A1:1:", "e:255:22:5B:1:1000")},
        // Of the primary key.
        {kExpiredKey, "key 5B had expired when it signed",
         Listing("e:255:22:A1:1:999", "e:255:22:5B:1:")},
        {kExpiredKey, "key 5B had expired when it signed",
         Listing("-:255:22:A1:1:", "e:255:22:5B:1:soon")},
        {kExpiredKey, "key 5B has been revoked",
         Listing("-:255:22:A1:1:", "r:255:22:5B:1:2000")},
        {kExpiredKey, "key 5B has been revoked",
         Listing("r:255:22:A1:1:", "e:255:22:5B:1:2000")},
        // A copy of the key has been revoked.
        {kGood, "key A1B2 has been revoked",
         absl::StrCat(Listing("-:255:22:A1:1:", "-:255:22:5B:1:"),
                      Listing("r:255:22:A1:1:", "r:255:22:5B:1:"))},
        // The keys are not in the listing, or the status lines do not name the
        // primary key.
        {kExpiredKey, "key 5B has expired"},
        {"[GNUPG:] NEWSIG\n[GNUPG:] EXPKEYSIG 5B a@x\n"
         "[GNUPG:] VALIDSIG 5B 1970-01-01 1000\n",
         "key 5B has expired", Listing("-:255:22:A1:1:", "e:255:22:5B:1:2000")},
        {"[GNUPG:] NEWSIG\n[GNUPG:] EXPKEYSIG 5B a@x\n",
         "gpgv did not report the signature by key (unknown) as good and "
         "valid"},

        {kGood,
         "the primary key of key A1B2 is not one of the "
         "signing_key_fingerprints",
         "",
         {"C3D4"}},
        // A subkey's fingerprint is not that of its primary key.
        {kExpiredKey,
         "the primary key of key 5B is not one of the "
         "signing_key_fingerprints",
         Listing("-:255:22:A1:1:", "e:255:22:5B:1:2000"),
         {"5B"}},
        {"[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG B2 a@x\n"
         "[GNUPG:] VALIDSIG A1B2 1970-01-01 1000\n",
         "the primary key of key A1B2 is not one of the "
         "signing_key_fingerprints",
         "",
         {"A1B2"}},
    }));

}  // namespace
}  // namespace gantry::plan
