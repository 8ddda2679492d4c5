#include "release/service/auth/json_web_token.h"

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "release/service/auth/test_issuer.h"

namespace gantry::service {
namespace {

using ::testing::HasSubstr;

constexpr char kAudience[] = "gantry.example";
const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

const TestIssuer& Issuer() {
  static const auto* const kIssuer = new TestIssuer("key-1");
  return *kIssuer;
}

std::string Claims(int64_t expiry, const std::string& more = "") {
  return absl::StrCat(R"({"iss": "https://ci.example", "sub": "job:7", )",
                      R"("aud": "gantry.example", "exp": )", expiry, more, "}");
}

class JsonWebTokenTest : public testing::Test {
 protected:
  void SetUp() override {
    GANTRY_ASSERT_OK_AND_ASSIGN(keys_, JsonWebKeys::Parse(Issuer().KeySet()));
  }

  absl::Status Verify(const std::string& token,
                      const std::string& audience = kAudience) {
    return VerifyToken(token, keys_, audience, kNow).status();
  }

  void ExpectRefused(const std::string& token, const std::string& why) {
    EXPECT_THAT(Verify(token),
                StatusIs(absl::StatusCode::kUnauthenticated, HasSubstr(why)));
  }

  JsonWebKeys keys_;
};

TEST_F(JsonWebTokenTest, SignedTokenHasItsClaims) {
  const std::string token = Issuer().Sign(Claims(1'700'000'100));
  EXPECT_TRUE(IsJsonWebToken(token));
  GANTRY_ASSERT_OK_AND_ASSIGN(const UnverifiedToken unverified,
                              ReadUnverified(token));
  EXPECT_EQ(unverified.key_id, "key-1");
  EXPECT_EQ(unverified.issuer, "https://ci.example");
  GANTRY_ASSERT_OK_AND_ASSIGN(const auto claims,
                              VerifyToken(token, keys_, kAudience, kNow));
  EXPECT_EQ(claims.fields().at("sub").string_value(), "job:7");
}

TEST_F(JsonWebTokenTest, OtherAlgorithmsAreRefused) {
  const std::string claims = Claims(1'700'000'100);
  for (const char* algorithm : {"none", "HS256", "RS512", "rs256", ""}) {
    ExpectRefused(Issuer().Sign(claims, algorithm), "not signed with RS256");
  }
  // "none" without a signature.
  ExpectRefused(absl::StrCat(absl::WebSafeBase64Escape(R"({"alg":"none"})"),
                             ".", absl::WebSafeBase64Escape(claims), "."),
                "not signed with RS256");
}

TEST_F(JsonWebTokenTest, AlteredTokensAreRefused) {
  const std::string token = Issuer().Sign(Claims(1'700'000'100));
  const std::string other = Issuer().Sign(Claims(1'700'000'200));
  // The claims of one with the signature of the other.
  ExpectRefused(absl::StrCat(other.substr(0, other.rfind('.')),
                             token.substr(token.rfind('.'))),
                "wrong signature");
  ExpectRefused(token.substr(0, token.rfind('.') + 1), "wrong signature");
  for (const char* malformed : {"", "a.b", "a.b.c", "a.b.c.d", "..."}) {
    EXPECT_THAT(Verify(malformed),
                StatusIs(absl::StatusCode::kUnauthenticated));
  }
}

TEST_F(JsonWebTokenTest, KeyOfAnotherIssuerIsRefused) {
  const std::string claims = Claims(1'700'000'100);
  ExpectRefused(TestIssuer("key-1").Sign(claims), "wrong signature");
  ExpectRefused(TestIssuer("key-2").Sign(claims), "unknown key");
}

TEST_F(JsonWebTokenTest, TimesCountWithAMinuteOfSkew) {
  EXPECT_THAT(Verify(Issuer().Sign(Claims(1'699'999'941))), IsOk());
  ExpectRefused(Issuer().Sign(Claims(1'699'999'940)),
                "expired at 2023-11-14T22:12:20");
  EXPECT_THAT(
      Verify(Issuer().Sign(Claims(1'700'000'100, R"(, "nbf": 1700000060)"))),
      IsOk());
  ExpectRefused(Issuer().Sign(Claims(1'700'000'100, R"(, "nbf": 1700000061)")),
                "is not valid yet");
  ExpectRefused(Issuer().Sign(Claims(1'700'000'100, R"(, "nbf": "1")")),
                "is not valid yet");
  ExpectRefused(Issuer().Sign(R"({"aud": "gantry.example"})"), "has no expiry");
  ExpectRefused(
      Issuer().Sign(R"({"aud": "gantry.example", "exp": "1700000100"})"),
      "has no expiry");
}

TEST_F(JsonWebTokenTest, AudienceMustBeNamed) {
  const std::string token = Issuer().Sign(Claims(1'700'000'100));
  EXPECT_THAT(Verify(token, "other.example"),
              StatusIs(absl::StatusCode::kUnauthenticated,
                       HasSubstr("another audience")));
  EXPECT_THAT(Verify(Issuer().Sign(
                  R"({"aud": ["x", "gantry.example"], "exp": 1700000100})")),
              IsOk());
  ExpectRefused(Issuer().Sign(R"({"exp": 1700000100})"), "another audience");
}

TEST_F(JsonWebTokenTest, CriticalExtensionsAreRefused) {
  ExpectRefused(
      absl::StrCat(absl::WebSafeBase64Escape(
                       R"({"alg":"RS256","kid":"key-1","crit":["x"]})"),
                   ".", absl::WebSafeBase64Escape(Claims(1'700'000'100)), ".",
                   "AAAA"),
      "critical extensions");
}

TEST(JsonWebKeysTest, MalformedSetsAreInvalid) {
  for (const std::string json :
       {std::string("["), std::string("{}"),
        std::string(R"({"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}]})"),
        std::string(
            R"({"keys": [{"kty": "RSA", "kid": "a", "n": "!", "e": "AQAB"}]})"),
        TestIssuer("short", 1024).KeySet()}) {
    EXPECT_THAT(JsonWebKeys::Parse(json).status(),
                StatusIs(absl::StatusCode::kInvalidArgument))
        << json;
  }
}

}  // namespace
}  // namespace gantry::service
