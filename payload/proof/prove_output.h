#ifndef GANTRY_PAYLOAD_PROOF_PROVE_OUTPUT_H_
#define GANTRY_PAYLOAD_PROOF_PROVE_OUTPUT_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "payload/proof/prove.h"

namespace gantry::proof {

// Returns the last `lines` non-blank lines of a console log for human readers:
// only printable characters, each line with a line end.
std::string ConsoleTail(absl::string_view console, size_t lines);

struct ProveOutcome {
  bool accepted = false;
  // Set if not accepted.
  std::string reason;
  // Set if not accepted after a boot.
  std::string console_tail;
};

// Proves the modules, and writes an accepted proof (as textproto) and its
// console log.  If the proof is not accepted, writes neither file.
absl::StatusOr<ProveOutcome> ProveToFiles(const ProveOptions& options,
                                          const std::string& proof_path,
                                          const std::string& console_path);

}  // namespace gantry::proof

#endif  // GANTRY_PAYLOAD_PROOF_PROVE_OUTPUT_H_
