#ifndef GANTRY_RELEASE_PLAN_GPGV_STATUS_H_
#define GANTRY_RELEASE_PLAN_GPGV_STATUS_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace gantry::plan {

// Decides whether a file is signed, from the lines that gpgv wrote to its
// --status-fd.  Its exit code is not sufficient: it is 0 for a revoked and for
// an expired key.
//
// OK if there is at least one signature and each has both GOODSIG and VALIDSIG.
// DATA_LOSS names the first other signature's key, by its fingerprint, and the
// cause.
//
// Signatures by an expired key are refused even if they were made before it
// expired: gpgv does not report whether the key has been revoked as well, and
// the time in a signature is chosen by the owner of the key.
//
// Format: doc/DETAILS of GnuPG, "Format of the --status-fd output".
// builder/private/gpgv_status.bzl decides the same for repository rules, which
// run before any program is built; its test has the same cases.
absl::Status CheckGpgvStatus(absl::string_view status_lines);

}  // namespace gantry::plan

#endif  // GANTRY_RELEASE_PLAN_GPGV_STATUS_H_
