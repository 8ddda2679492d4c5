#include "release/plan/openpgp.h"

#include <memory>
#include <string>

#include "base/file.h"
#include "base/temp_dir.h"
#include "gtest/gtest.h"
#include "tests/fixtures/openpgp_signer.h"

namespace gantry::plan {
namespace {

class OpenPgpTest : public testing::Test {
 protected:
  void SetUp() override {
    auto folder = TempDir::Create();
    ASSERT_TRUE(folder.ok()) << folder.status();
    folder_ = std::make_unique<TempDir>(*std::move(folder));
    auto signer = fixtures::OpenPgpSigner::Create();
    ASSERT_TRUE(signer.ok()) << signer.status();
    signer_ = std::make_unique<fixtures::OpenPgpSigner>(*std::move(signer));
    auto keyring =
        StoreKeyring(signer_->public_key_path(), folder_->path() + "/keyrings");
    ASSERT_TRUE(keyring.ok()) << keyring.status();
    keyring_ = *std::move(keyring);
  }

  std::unique_ptr<TempDir> folder_;
  std::unique_ptr<fixtures::OpenPgpSigner> signer_;
  std::string keyring_;
};

TEST_F(OpenPgpTest, ArmoredAndBinaryKeysAreStoredAsOne) {
  const auto again = StoreKeyring(keyring_, folder_->path() + "/keyrings");
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(*again, keyring_);
  EXPECT_EQ(keyring_[0], '/');
}

TEST_F(OpenPgpTest, OtherFileIsInvalid) {
  const std::string path = folder_->path() + "/no-key";
  ASSERT_TRUE(WriteFileAtomically(path, "hello\n").ok());
  EXPECT_EQ(
      StoreKeyring(path, folder_->path()).status(),
      absl::InvalidArgumentError(path + ": not a file of OpenPGP public keys"));
  EXPECT_EQ(StoreKeyring("/nonexistent/key", folder_->path()).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(OpenPgpTest, GoodSignature) {
  const auto signature = signer_->Sign("content");
  ASSERT_TRUE(signature.ok()) << signature.status();
  EXPECT_EQ(VerifySignature("name", "content", *signature, keyring_),
            absl::OkStatus());
}

TEST_F(OpenPgpTest, AlteredContentIsDataLoss) {
  const auto signature = signer_->Sign("content");
  ASSERT_TRUE(signature.ok()) << signature.status();
  EXPECT_EQ(VerifySignature("name", "Content", *signature, keyring_),
            absl::DataLossError("name: no good signature: BAD signature from "
                                "\"test@gantry.example\""));
}

TEST_F(OpenPgpTest, SignatureOfAnotherKeyIsDataLoss) {
  const auto other = fixtures::OpenPgpSigner::Create();
  ASSERT_TRUE(other.ok()) << other.status();
  const auto signature = other->Sign("content");
  ASSERT_TRUE(signature.ok()) << signature.status();
  EXPECT_EQ(VerifySignature("name", "content", *signature, keyring_),
            absl::DataLossError("name: no good signature: Can't check "
                                "signature: No public key"));
}

TEST_F(OpenPgpTest, NoSignatureAtAllIsDataLoss) {
  EXPECT_EQ(VerifySignature("name", "content", "", keyring_).code(),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(VerifySignature("name", "content", "<html>", keyring_).code(),
            absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace gantry::plan
