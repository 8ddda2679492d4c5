#ifndef GANTRY_PAYLOAD_PROOF_TEST_MODULE_H_
#define GANTRY_PAYLOAD_PROOF_TEST_MODULE_H_

#include <string>

#include "absl/strings/string_view.h"

namespace gantry::proof {

// Returns testdata/sample.c, compiled.  `variant` is "plain", "versions" or
// "extended".
std::string TestModule(absl::string_view variant);

}  // namespace gantry::proof

#endif  // GANTRY_PAYLOAD_PROOF_TEST_MODULE_H_
