#ifndef GANTRY_PAYLOAD_NODE_EXIT_CODE_H_
#define GANTRY_PAYLOAD_NODE_EXIT_CODE_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace gantry::node {

// The installer's exit codes.  Other programs depend on the numbers, so they
// never change.  A signal that stops the installer gives 128 + its number.
enum class ExitCode {
  kOk = 0,
  kOther = 1,
  // Wrong flags, or no host root at --rootfs.
  kUsage = 2,
  // The payload is for another OS release or kernel.
  kWrongHost = 3,
  // Too few free bytes or inodes.
  kNoSpace = 4,
  // Another installer is running on this host.
  kBusy = 5,
  // The image's manifest or a file of its payload is damaged.
  kDamagedPayload = 6,
  // The installer would have to replace something that no installer of payloads
  // put there.  Nothing was changed.
  kForeign = 7,
  // Something is mounted on or below a directory that the installer would have
  // to remove.  Nothing in that directory was removed.
  kMounted = 8,
};

// Attaches the exit code that the program returns for `status`, unless it has
// one.  OK stays OK.
absl::Status WithExitCode(absl::Status status, ExitCode code);

// The exit code that WithExitCode() attached: kOther if there is none, and kOk
// for OK.
ExitCode ExitCodeOf(const absl::Status& status);

// As ErrnoStatus() in base/status.h; with kNoSpace if a file system is full or
// a quota is used up.
absl::Status SystemError(int error_number, absl::string_view context);

}  // namespace gantry::node

#endif  // GANTRY_PAYLOAD_NODE_EXIT_CODE_H_
