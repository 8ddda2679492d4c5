#ifndef GANTRY_RELEASE_PLAN_OPENPGP_H_
#define GANTRY_RELEASE_PLAN_OPENPGP_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace gantry::plan {

// Stores a file of OpenPGP public keys, armored or binary, in the binary form
// that gpgv reads, as `<directory>/<first digits of its SHA-256>.gpg`.  Returns
// the absolute path.  INVALID_ARGUMENT: the file has no keys.
absl::StatusOr<std::string> StoreKeyring(const std::string& keys_path,
                                         const std::string& directory);

// Checks a detached signature of `content` by keys of the keyring, which must
// be neither revoked nor expired today (see gpgv_status.h).  DATA_LOSS starts
// with `name` and names the key and the cause.
absl::Status VerifySignature(absl::string_view name, absl::string_view content,
                             absl::string_view signature,
                             const std::string& keyring_path);

}  // namespace gantry::plan

#endif  // GANTRY_RELEASE_PLAN_OPENPGP_H_
