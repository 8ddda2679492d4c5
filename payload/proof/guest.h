#ifndef GANTRY_PAYLOAD_PROOF_GUEST_H_
#define GANTRY_PAYLOAD_PROOF_GUEST_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace gantry::proof {

enum class Accelerator { kKvm, kTcg };

// "kvm" or "tcg", as QEMU says it.
absl::string_view AcceleratorName(Accelerator accelerator);

// A virtual machine with one processor and a serial console, and nothing else:
// no disk, no network.
struct GuestOptions {
  // Looked up on PATH if it has no slash.
  std::string qemu = "qemu-system-x86_64";
  Accelerator accelerator = Accelerator::kTcg;
  // A bzImage.
  std::string kernel_image;
  std::string initramfs;
  // Of its memory, beside 512 MiB for the kernel.
  size_t initramfs_size = 0;
  // It is killed after this time.
  absl::Duration timeout = absl::Seconds(180);
  // Gets what it writes to the console, as it comes.  May be unset.
  std::function<void(absl::string_view)> on_console;
};

struct GuestRun {
  // All that came from the serial console.
  std::string console;
  // OK: the guest switched itself off (or panicked, which looks the same from
  // outside).  DEADLINE_EXCEEDED: it was killed.  INTERNAL: QEMU failed.
  absl::Status end;
  absl::Duration duration = absl::ZeroDuration();
};

// Runs a guest to its end.  An error means that QEMU could not be started;
// NOT_FOUND: it is not installed.
absl::StatusOr<GuestRun> RunGuest(const GuestOptions& options);

}  // namespace gantry::proof

#endif  // GANTRY_PAYLOAD_PROOF_GUEST_H_
