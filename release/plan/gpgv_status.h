#ifndef GANTRY_RELEASE_PLAN_GPGV_STATUS_H_
#define GANTRY_RELEASE_PLAN_GPGV_STATUS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace gantry::plan {

// Decides whether a file is signed, from the lines that gpgv wrote to its
// --status-fd.  Its exit code is not sufficient: it is 0 for a revoked and for
// an expired key.
//
// OK if there is at least one signature, and each has VALIDSIG and either
// GOODSIG or a key that had not expired yet when it signed (EXPKEYSIG).  If
// `fingerprints` is not empty, the primary key of each must also be one of
// them; they are in upper case.  DATA_LOSS names the first other signature's
// key, by its fingerprint, and the cause.
//
// `key_listing` is what `gpg --with-colons --show-keys` prints of gpgv's
// keyring.  It decides about expired keys, of which gpgv reports neither
// whether they have been revoked as well nor when the primary key of a subkey
// expired, and about keys of which the keyring has a revoked copy beside
// another. The time of a signature is chosen by the owner of the key: only
// revoking it protects from someone who has stolen an expired one.
//
// Formats: doc/DETAILS of GnuPG, "Format of the --status-fd output" and "Format
// of the colon listings".  builder/private/gpgv_status.bzl decides the same for
// repository rules, which run before any program is built; its test has the
// same cases.
absl::Status CheckGpgvStatus(absl::string_view status_lines,
                             absl::string_view key_listing,
                             const std::vector<std::string>& fingerprints);

}  // namespace gantry::plan

#endif  // GANTRY_RELEASE_PLAN_GPGV_STATUS_H_
