#ifndef GANTRY_RELEASE_PLAN_OPENPGP_H_
#define GANTRY_RELEASE_PLAN_OPENPGP_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace gantry::plan {

// Copies a file of OpenPGP public keys, armored or binary, in the binary form
// that gpgv reads, to `<directory>/<16 digits of its SHA-256>.gpg`.  Returns
// the absolute path.  INVALID_ARGUMENT: not a file of public keys.
absl::StatusOr<std::string> StoreKeyring(const std::string& keys_path,
                                         const std::string& directory);

// Verifies a detached signature of `content` by keys in the keyring that are
// neither revoked nor expired now; see gpgv_status.h.  `name` is what errors
// call the content.  DATA_LOSS, naming the key and the cause: the signature is
// refused.
absl::Status VerifySignature(absl::string_view name, absl::string_view content,
                             absl::string_view signature,
                             const std::string& keyring_path);

}  // namespace gantry::plan

#endif  // GANTRY_RELEASE_PLAN_OPENPGP_H_
