#ifndef GANTRY_PAYLOAD_PROOF_SAMPLE_MODULES_H_
#define GANTRY_PAYLOAD_PROOF_SAMPLE_MODULES_H_

#include <string>

#include "absl/strings/string_view.h"

namespace gantry::proof {

// For tests: the bytes of testdata/sample.c, compiled.  `variant` is "plain",
// "versions" or "extended".
std::string SampleModule(absl::string_view variant);

}  // namespace gantry::proof

#endif  // GANTRY_PAYLOAD_PROOF_SAMPLE_MODULES_H_
