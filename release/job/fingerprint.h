#ifndef GANTRY_RELEASE_JOB_FINGERPRINT_H_
#define GANTRY_RELEASE_JOB_FINGERPRINT_H_

#include <string>

#include "absl/strings/string_view.h"

namespace gantry::job {

// A name that failures with one cause share, whatever the machine, kernel or
// version: "v1:<stage>:<16 hex digits>".  The digits are the first ones of the
// SHA-256 of `error` after these changes, in this order:
//
//   1. Of each word with a "/", only what follows the last one is kept.
//   2. Each "0x" with hexadecimal digits becomes "#".
//   3. Each run of digits, also with "." between them, becomes "#".
//   4. Each run of spaces becomes one, and none is at the start or end.
std::string Fingerprint(absl::string_view stage, absl::string_view error);

// `error` after these changes.
std::string NormalizeError(absl::string_view error);

}  // namespace gantry::job

#endif  // GANTRY_RELEASE_JOB_FINGERPRINT_H_
