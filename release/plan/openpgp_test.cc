#include "release/plan/openpgp.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/substitute.h"
#include "absl/time/civil_time.h"
#include "absl/types/optional.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fixtures/openpgp_signer.h"

namespace gantry::plan {
namespace {

using ::testing::StartsWith;

constexpr absl::CivilDay kEarlier(2020, 2, 1);
constexpr absl::CivilDay kLater(2021, 2, 1);

class OpenPgpTest : public testing::Test {
 protected:
  void SetUp() override {
    GANTRY_ASSERT_OK_AND_ASSIGN(TempDir directory, TempDir::Create());
    directory_ = std::make_unique<TempDir>(std::move(directory));
    GANTRY_ASSERT_OK_AND_ASSIGN(fixtures::OpenPgpSigner signer,
                                fixtures::OpenPgpSigner::Create());
    signer_ = std::make_unique<fixtures::OpenPgpSigner>(std::move(signer));
  }

  std::string PathOf(absl::string_view name) const {
    return JoinPath(directory_->path(), name);
  }

  std::string Sign(absl::string_view content,
                   const fixtures::SigningTime& time = {}) const {
    const auto signature = signer_->Sign(content, time);
    EXPECT_THAT(signature, IsOk());
    return signature.value_or("");
  }

  // Verifies a signature with the signer's current public key.
  absl::Status Verify(absl::string_view signature,
                      absl::string_view content = "content",
                      const std::vector<std::string>& fingerprints = {}) const {
    const auto keyring =
        StoreKeyring(signer_->public_key_path(), PathOf("keyrings"));
    if (!keyring.ok()) return keyring.status();
    return VerifySignature("version.txt", content, signature,
                           {*keyring, fingerprints});
  }

  std::string Refusal(absl::string_view cause) const {
    return absl::StrCat(
        "version.txt: signature refused: ",
        absl::Substitute(cause, signer_->signing_fingerprint()));
  }

  std::unique_ptr<TempDir> directory_;
  std::unique_ptr<fixtures::OpenPgpSigner> signer_;
};

TEST_F(OpenPgpTest, ArmoredAndBinaryKeysBecomeTheSameKeyring) {
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const std::string from_armored,
      StoreKeyring(signer_->public_key_path(), PathOf("keyrings")));
  EXPECT_THAT(from_armored, StartsWith("/"));
  EXPECT_THAT(StoreKeyring(signer_->keyring_path(), PathOf("keyrings")),
              IsOkAndHolds(from_armored));
}

TEST_F(OpenPgpTest, FileWithoutKeysIsInvalid) {
  const std::string path = PathOf("no-key");
  ASSERT_THAT(WriteFileAtomically(path, "hello\n"), IsOk());
  EXPECT_THAT(StoreKeyring(path, PathOf("keyrings")),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       path + ": not a file of OpenPGP public keys"));
}

TEST_F(OpenPgpTest, MalformedArmorIsInvalid) {
  const std::string path = PathOf("malformed.asc");
  ASSERT_THAT(
      WriteFileAtomically(path, "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQ"),
      IsOk());
  EXPECT_THAT(StoreKeyring(path, PathOf("keyrings")),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       path + ": malformed armored OpenPGP keys"));
}

TEST_F(OpenPgpTest, MissingFileIsNotFound) {
  EXPECT_THAT(StoreKeyring(PathOf("missing"), PathOf("keyrings")),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(OpenPgpTest, GoodSignatureIsAccepted) {
  EXPECT_THAT(Verify(Sign("content")), IsOk());
}

TEST_F(OpenPgpTest, SignatureBeforeItsExpiryIsAccepted) {
  EXPECT_THAT(Verify(Sign("content", {absl::nullopt, /*valid_days=*/30})),
              IsOk());
}

TEST_F(OpenPgpTest, AlteredContentIsRefused) {
  EXPECT_THAT(
      Verify(Sign("content"), "Content"),
      StatusIs(absl::StatusCode::kDataLoss,
               Refusal("the file does not match the signature by key $0")));
}

TEST_F(OpenPgpTest, KeyOutsideTheKeyringIsRefused) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const fixtures::OpenPgpSigner other,
                              fixtures::OpenPgpSigner::Create());
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::string signature,
                              other.Sign("content"));
  EXPECT_THAT(
      Verify(signature),
      StatusIs(absl::StatusCode::kDataLoss,
               absl::StrCat("version.txt: signature refused: key ",
                            other.fingerprint(), " is not in the keyring")));
}

TEST_F(OpenPgpTest, RevokedKeyIsRefused) {
  const std::string signature = Sign("content");
  ASSERT_THAT(signer_->Revoke(), IsOk());
  EXPECT_THAT(Verify(signature), StatusIs(absl::StatusCode::kDataLoss,
                                          Refusal("key $0 has been revoked")));
}

TEST_F(OpenPgpTest, KeyThatExpiredBeforeSigningIsRefused) {
  const std::string signature = Sign("content", {kLater});
  ASSERT_THAT(signer_->Expire(kEarlier), IsOk());
  EXPECT_THAT(Verify(signature),
              StatusIs(absl::StatusCode::kDataLoss,
                       Refusal("key $0 had expired when it signed")));
}

TEST_F(OpenPgpTest, KeyThatExpiredAfterSigningIsAccepted) {
  const std::string signature = Sign("content", {kEarlier});
  ASSERT_THAT(signer_->Expire(kLater), IsOk());
  EXPECT_THAT(Verify(signature), IsOk());
}

// gpgv reports only that such a key has expired.
TEST_F(OpenPgpTest, RevokedAndExpiredKeyIsRefused) {
  const std::string signature = Sign("content", {kEarlier});
  ASSERT_THAT(signer_->Expire(kLater), IsOk());
  ASSERT_THAT(signer_->Revoke(), IsOk());
  EXPECT_THAT(Verify(signature), StatusIs(absl::StatusCode::kDataLoss,
                                          Refusal("key $0 has been revoked")));
}

class OpenPgpSubkeyTest : public OpenPgpTest {
 protected:
  void SetUp() override {
    OpenPgpTest::SetUp();
    GANTRY_ASSERT_OK_AND_ASSIGN(fixtures::OpenPgpSigner signer,
                                fixtures::OpenPgpSigner::CreateWithSubkey());
    signer_ = std::make_unique<fixtures::OpenPgpSigner>(std::move(signer));
  }
};

TEST_F(OpenPgpSubkeyTest, PinnedFingerprintIsThatOfThePrimaryKey) {
  const std::string signature = Sign("content");
  EXPECT_THAT(Verify(signature, "content", {signer_->fingerprint()}), IsOk());
  EXPECT_THAT(Verify(signature, "content", {signer_->signing_fingerprint()}),
              StatusIs(absl::StatusCode::kDataLoss,
                       Refusal("the primary key of key $0 is not one of the "
                               "signing_key_fingerprints")));
}

TEST_F(OpenPgpSubkeyTest, SubkeySignsOnlyUntilItsPrimaryKeyExpires) {
  const std::string before = Sign("content", {kEarlier});
  const std::string after = Sign("content", {kLater});
  ASSERT_THAT(signer_->Expire(kLater), IsOk());
  EXPECT_THAT(Verify(before), IsOk());
  EXPECT_THAT(Verify(after),
              StatusIs(absl::StatusCode::kDataLoss,
                       Refusal("key $0 had expired when it signed")));
}

TEST_F(OpenPgpSubkeyTest, SubkeyOfARevokedKeyIsRefused) {
  const std::string signature = Sign("content", {kEarlier});
  ASSERT_THAT(signer_->Expire(kLater), IsOk());
  ASSERT_THAT(signer_->Revoke(), IsOk());
  EXPECT_THAT(Verify(signature), StatusIs(absl::StatusCode::kDataLoss,
                                          Refusal("key $0 has been revoked")));
}

TEST_F(OpenPgpTest, OnlyPinnedKeysMaySign) {
  const std::string other(40, 'A');
  EXPECT_THAT(
      Verify(Sign("content"), "content", {other, signer_->fingerprint()}),
      IsOk());
  EXPECT_THAT(Verify(Sign("content"), "content", {other}),
              StatusIs(absl::StatusCode::kDataLoss,
                       Refusal("the primary key of key $0 is not one of the "
                               "signing_key_fingerprints")));
}

TEST_F(OpenPgpTest, ExpiredSignatureIsRefused) {
  EXPECT_THAT(Verify(Sign("content", {kEarlier, /*valid_days=*/30})),
              StatusIs(absl::StatusCode::kDataLoss,
                       Refusal("the signature by key $0 has expired")));
}

TEST_F(OpenPgpTest, AllSignaturesMustBeGood) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const fixtures::OpenPgpSigner other,
                              fixtures::OpenPgpSigner::Create());
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::string unknown, other.Sign("content"));
  EXPECT_THAT(Verify(Sign("content") + Sign("content")), IsOk());
  EXPECT_THAT(
      Verify(Sign("content") + unknown),
      StatusIs(absl::StatusCode::kDataLoss,
               absl::StrCat("version.txt: signature refused: key ",
                            other.fingerprint(), " is not in the keyring")));
}

TEST_F(OpenPgpTest, FileWithoutSignatureIsRefused) {
  for (const char* signature : {"", "<html>"}) {
    EXPECT_THAT(Verify(signature),
                StatusIs(absl::StatusCode::kDataLoss,
                         "version.txt: signature refused: not an OpenPGP "
                         "signature"));
  }
}

}  // namespace
}  // namespace gantry::plan
