#ifndef GANTRY_RELEASE_SERVICE_AUTH_TEST_ISSUER_H_
#define GANTRY_RELEASE_SERVICE_AUTH_TEST_ISSUER_H_

#include <openssl/types.h>

#include <memory>
#include <string>

namespace gantry::service {

// Signs identity tokens with an RSA key, as an identity provider does.
class TestIssuer {
 public:
  // `key_id` is the id of its key.
  explicit TestIssuer(std::string key_id, int bits = 2048);

  // {"keys": [...]} with the public key.
  std::string KeySet() const;

  // A token with these claims, as JSON.  The header has `algorithm`; the
  // signature is always RS256's.
  std::string Sign(const std::string& claims,
                   const std::string& algorithm = "RS256") const;

 private:
  const std::string key_id_;
  std::shared_ptr<EVP_PKEY> key_;
};

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_AUTH_TEST_ISSUER_H_
