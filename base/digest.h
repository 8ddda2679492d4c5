#ifndef GANTRY_BASE_DIGEST_H_
#define GANTRY_BASE_DIGEST_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

struct evp_md_ctx_st;

namespace gantry {

// Computes one SHA-256 incrementally.  Not thread-safe.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void Update(absl::string_view data);

  // "sha256:<64 lower-case hex digits>", the form of the OCI image
  // specification (descriptor.md, "Digests").  Call once, last.
  std::string Finish();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  const std::unique_ptr<evp_md_ctx_st, Free> context_;
};

// Digest of `data`, in the form of Sha256::Finish().
std::string Sha256Digest(absl::string_view data);

// Digest of the file's content.  Errors have the code that corresponds to errno
// (NOT_FOUND, ...) and name the path.
absl::StatusOr<std::string> FileSha256Digest(const std::string& path);

// The same as "sha512:<128 lower-case hex digits>".
absl::StatusOr<std::string> FileSha512Digest(const std::string& path);

// INVALID_ARGUMENT unless `digest` has the form of Sha256::Finish().
absl::Status ValidateDigest(absl::string_view digest);

// The hex digits of a valid digest: what follows "sha256:".
absl::string_view DigestHex(absl::string_view digest);

}  // namespace gantry

#endif  // GANTRY_BASE_DIGEST_H_
