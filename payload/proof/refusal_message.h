#ifndef GANTRY_PAYLOAD_PROOF_REFUSAL_MESSAGE_H_
#define GANTRY_PAYLOAD_PROOF_REFUSAL_MESSAGE_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace gantry::proof {

// Selects the message that best explains why finit_module(2) refused `module`
// with `error_number`.  `log` is what the kernel logged during the call.  In
// order of preference:
//
//   1. the first message of the kernel's module loader about a mismatch;
//   2. the last message that starts with the module's name;
//   3. the last message of any kind;
//   4. the text of the error number.
//
// Register dumps, stack traces, and notices that a module taints the kernel do
// not count as messages.
std::string RefusalMessage(absl::string_view module,
                           const std::vector<std::string>& log,
                           int error_number);

}  // namespace gantry::proof

#endif  // GANTRY_PAYLOAD_PROOF_REFUSAL_MESSAGE_H_
