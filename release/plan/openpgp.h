#ifndef GANTRY_RELEASE_PLAN_OPENPGP_H_
#define GANTRY_RELEASE_PLAN_OPENPGP_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace gantry::plan {

// Stores a file of OpenPGP public keys, armored or binary, in the binary form
// that gpgv reads, as `<folder>/<start of its SHA-256>.gpg`.  Returns the
// absolute path.  INVALID_ARGUMENT: it holds something else.
absl::StatusOr<std::string> StoreKeyring(const std::string& keys_path,
                                         const std::string& folder);

// Checks a detached signature of `content` by one of the keyring's keys.
// DATA_LOSS, naming `name` and in gpgv's words: it is not good.
absl::Status VerifySignature(absl::string_view name, absl::string_view content,
                             absl::string_view signature,
                             const std::string& keyring_path);

}  // namespace gantry::plan

#endif  // GANTRY_RELEASE_PLAN_OPENPGP_H_
