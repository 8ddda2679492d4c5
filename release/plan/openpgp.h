#ifndef GANTRY_RELEASE_PLAN_OPENPGP_H_
#define GANTRY_RELEASE_PLAN_OPENPGP_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace gantry::plan {

// Copies a file of OpenPGP public keys, armored or binary, in the binary form
// that gpgv reads, to `<directory>/<16 digits of its SHA-256>.gpg`.  Returns
// the absolute path.  INVALID_ARGUMENT: not a file of public keys.
absl::StatusOr<std::string> StoreKeyring(const std::string& keys_path,
                                         const std::string& directory);

// Writes the content of such a copy there.
absl::StatusOr<std::string> StoreKeyringContent(absl::string_view content,
                                                const std::string& directory);

// The keys that may sign.
struct SigningKeys {
  // A keyring in the form that StoreKeyring() writes.
  std::string keyring_path;
  // Fingerprints, in upper case, of the primary keys in it that may sign.
  // Empty: all may.
  std::vector<std::string> fingerprints;
};

// Verifies a detached signature of `content` by keys that have not been revoked
// and had not expired when they signed; see gpgv_status.h.  `name` is what
// errors call the content.  DATA_LOSS, naming the key and the cause: the
// signature is refused.
absl::Status VerifySignature(absl::string_view name, absl::string_view content,
                             absl::string_view signature,
                             const SigningKeys& keys);

}  // namespace gantry::plan

#endif  // GANTRY_RELEASE_PLAN_OPENPGP_H_
