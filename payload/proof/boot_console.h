#ifndef GANTRY_PAYLOAD_PROOF_BOOT_CONSOLE_H_
#define GANTRY_PAYLOAD_PROOF_BOOT_CONSOLE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace gantry::proof {

// What the guest's init reported about a step of its plan.
struct StepEvents {
  bool started = false;
  // The errno of finit_module(2), or 0 if it accepted the module; nullopt: it
  // did not return.
  absl::optional<int> result;
  // What the kernel logged during the step.
  std::vector<std::string> log;
};

// A parsed console log.
struct BootConsole {
  // As the booted kernel reported it; empty: the init did not start.
  std::string kernel_release;
  // One for each step of the plan.
  std::vector<StepEvents> steps;
  // The init finished its plan.
  bool finished = false;
  // The sequence number of the first record that is missing before another one.
  absl::optional<uint64_t> lost_record;
  // The line in which the kernel reported a crash after the last record; empty:
  // there is none.  Printable, without its time, at most 200 characters.
  std::string crash;
  // The last line that is not blank, printable, at most 200 characters.
  std::string last_line;
};

// Returns the printable ASCII characters of a line.
std::string PrintableText(absl::string_view line);

// Parses the records (see console_record.h) of a boot in its console log, and
// ignores everything else.  `step_count` is the length of the plan; records of
// other steps are ignored too.
BootConsole ParseBootConsole(absl::string_view console, absl::string_view nonce,
                             size_t step_count);

}  // namespace gantry::proof

#endif  // GANTRY_PAYLOAD_PROOF_BOOT_CONSOLE_H_
