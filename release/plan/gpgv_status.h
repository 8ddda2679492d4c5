#ifndef GANTRY_RELEASE_PLAN_GPGV_STATUS_H_
#define GANTRY_RELEASE_PLAN_GPGV_STATUS_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace gantry::plan {

// Decides from what gpgv wrote to its --status-fd whether a file is signed.
// Its exit code does not tell: it is 0 for a revoked and for an expired key.
//
// OK if there is at least one signature and each has both GOODSIG and VALIDSIG.
// DATA_LOSS names the key of the first other signature, by its fingerprint, and
// the cause.
//
// A key that has expired is refused even if the signature gives a time when it
// had not: gpgv does not report that an expired key has been revoked as well,
// and whoever has the key chooses that time.
//
// Format: doc/DETAILS of GnuPG, "Format of the --status-fd output".
// builder/private/gpgv_status.bzl is the same decision for repository rules,
// which run before any program is built.
absl::Status CheckGpgvStatus(absl::string_view status_lines);

}  // namespace gantry::plan

#endif  // GANTRY_RELEASE_PLAN_GPGV_STATUS_H_
