#ifndef GANTRY_PAYLOAD_NODE_EXIT_CODE_H_
#define GANTRY_PAYLOAD_NODE_EXIT_CODE_H_

#include "absl/status/status.h"

namespace gantry::node {

// What the installer's exit code says.  Programs depend on the numbers: they
// never change.  A signal that stopped it gives 128 + its number.
enum class ExitCode {
  kOk = 0,
  kOther = 1,
  // Wrong flags, or no host root at --rootfs.
  kUsage = 2,
  // The payload is for another OS release or kernel.
  kWrongHost = 3,
  // Too few free bytes or inodes.
  kNoSpace = 4,
  // Another installer is at work on this host.
  kBusy = 5,
  // The image's manifest or files are not what they should be.
  kDamagedPayload = 6,
  // Something that the installer would replace was not installed by it.
  // Nothing is changed.
  kForeign = 7,
  // Something is mounted on or below a directory that the installer would
  // remove.  Nothing is removed.
  kMounted = 8,
};

// `status` with the code that the program shall exit with, unless it carries
// one already.  OK stays OK.
absl::Status WithExitCode(absl::Status status, ExitCode code);

// The code that WithExitCode attached; without one kOther, and kOk for OK.
ExitCode ExitCodeOf(const absl::Status& status);

}  // namespace gantry::node

#endif  // GANTRY_PAYLOAD_NODE_EXIT_CODE_H_
