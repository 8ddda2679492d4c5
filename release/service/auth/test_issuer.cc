#include "release/service/auth/test_issuer.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace gantry::service {
namespace {

// A number of the key, in base64url.
std::string Number(const EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  EVP_PKEY_get_bn_param(key, name, &number);
  std::string bytes(static_cast<size_t>(BN_num_bytes(number)), '\0');
  BN_bn2bin(number, reinterpret_cast<unsigned char*>(bytes.data()));
  BN_free(number);
  return absl::WebSafeBase64Escape(bytes);
}

}  // namespace

TestIssuer::TestIssuer(std::string key_id, int bits)
    : key_id_(std::move(key_id)),
      key_(EVP_RSA_gen(static_cast<unsigned>(bits)), &EVP_PKEY_free) {}

std::string TestIssuer::KeySet() const {
  return absl::StrCat(
      R"({"keys": [{"kty": "EC", "kid": "other"}, {"kty": "RSA", "use": "sig",)",
      R"("kid": ")", key_id_, R"(", "n": ")",
      Number(key_.get(), OSSL_PKEY_PARAM_RSA_N), R"(", "e": ")",
      Number(key_.get(), OSSL_PKEY_PARAM_RSA_E), R"("}]})");
}

std::string TestIssuer::Sign(const std::string& claims,
                             const std::string& algorithm) const {
  const std::string header = absl::StrCat(R"({"alg": ")", algorithm,
                                          R"(", "kid": ")", key_id_, R"("})");
  const std::string text = absl::StrCat(absl::WebSafeBase64Escape(header), ".",
                                        absl::WebSafeBase64Escape(claims));
  EVP_MD_CTX* const context = EVP_MD_CTX_new();
  EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, key_.get());
  const auto* const bytes = reinterpret_cast<const unsigned char*>(text.data());
  size_t size = 0;
  EVP_DigestSign(context, nullptr, &size, bytes, text.size());
  std::string signature(size, '\0');
  EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()),
                 &size, bytes, text.size());
  EVP_MD_CTX_free(context);
  signature.resize(size);
  return absl::StrCat(text, ".", absl::WebSafeBase64Escape(signature));
}

}  // namespace gantry::service
