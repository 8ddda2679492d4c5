#ifndef GANTRY_PAYLOAD_PROOF_BOOT_CONSOLE_H_
#define GANTRY_PAYLOAD_PROOF_BOOT_CONSOLE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace gantry::proof {

// What the guest's init told of one step of its plan.
struct StepEvents {
  bool begun = false;
  // errno of finit_module(2), 0: accepted; unset: it never returned.
  absl::optional<int> result;
  // The kernel's log lines during it.
  std::vector<std::string> log;
};

// A console log, understood.
struct BootConsole {
  // As the booted kernel reported it; empty: our init never spoke.
  std::string kernel_release;
  // By step.
  std::vector<StepEvents> steps;
  // The init came to the end of its plan.
  bool finished = false;
  // Sequence number of the first record that is missing though a later one
  // came.
  absl::optional<uint64_t> lost_record;
  // The line with which the kernel reported that it crashed, after the last
  // record; empty: there is none.  Printable, without its time, at most 200
  // characters.
  std::string crash;
  // The last line that is not blank, printable, at most 200 characters.
  std::string last_line;
};

// Reads the records (see console_record.h) of one boot out of its console log,
// and passes over everything else.  `step_count` is the plan's length; records
// of other steps are passed over too.
BootConsole ParseBootConsole(absl::string_view console, absl::string_view nonce,
                             size_t step_count);

}  // namespace gantry::proof

#endif  // GANTRY_PAYLOAD_PROOF_BOOT_CONSOLE_H_
