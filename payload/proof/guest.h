#ifndef GANTRY_PAYLOAD_PROOF_GUEST_H_
#define GANTRY_PAYLOAD_PROOF_GUEST_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace gantry::proof {

enum class Accelerator { kKvm, kTcg };

// QEMU's name for it: "kvm" or "tcg".
absl::string_view AcceleratorName(Accelerator accelerator);

// A virtual machine with one processor and a serial console, without disks and
// network.
struct GuestOptions {
  // Searched on PATH if it contains no slash.
  std::string qemu = "qemu-system-x86_64";
  Accelerator accelerator = Accelerator::kTcg;
  // A bzImage.
  std::string kernel_image;
  std::string initramfs;
  // In bytes.  Determines the memory that the guest gets.
  size_t initramfs_size = 0;
  // The guest is killed after this time.
  absl::Duration timeout = absl::Seconds(180);
  // Called with the console's output as it arrives.  May be unset.
  std::function<void(absl::string_view)> on_console;
};

struct GuestRun {
  // The whole output of the serial console.
  std::string console;
  // OK: the guest rebooted, on purpose or after a panic, which ends QEMU.
  // DEADLINE_EXCEEDED: it was killed.  INTERNAL: QEMU failed.
  absl::Status end;
  absl::Duration duration = absl::ZeroDuration();
};

// Runs a guest until it ends.  Fails only if QEMU cannot be started: NOT_FOUND
// if it is not installed.
absl::StatusOr<GuestRun> RunGuest(const GuestOptions& options);

}  // namespace gantry::proof

#endif  // GANTRY_PAYLOAD_PROOF_GUEST_H_
