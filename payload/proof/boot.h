#ifndef GANTRY_PAYLOAD_PROOF_BOOT_H_
#define GANTRY_PAYLOAD_PROOF_BOOT_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "payload/proof/boot_console.h"
#include "payload/proof/console_record.h"
#include "payload/proof/guest.h"

namespace gantry::proof {

// The accelerator for a boot.
enum class AcceleratorChoice {
  // KVM if a trial boot with it finishes, else TCG.
  kAutomatic,
  kKvm,
  kTcg,
};

struct BootOptions {
  std::string qemu = "qemu-system-x86_64";
  AcceleratorChoice accelerator = AcceleratorChoice::kAutomatic;
  std::string kernel_image;
  // The static binary of init_main.cc.
  std::string init;
  absl::Duration timeout = GuestOptions().timeout;
  // Called with each record as it arrives.  May be unset.
  std::function<void(const ConsoleRecord&)> on_record;
};

struct Boot {
  BootConsole console;
  GuestRun run;
  Accelerator accelerator = Accelerator::kTcg;
};

// Boots the kernel and loads `modules` (ELF files) in this order, even after
// one was refused.  A guest that crashes is not an error: see Boot::run.
// Errors: a file cannot be read, or QEMU cannot be started.
absl::StatusOr<Boot> BootModules(const BootOptions& options,
                                 const std::vector<absl::string_view>& modules);

}  // namespace gantry::proof

#endif  // GANTRY_PAYLOAD_PROOF_BOOT_H_
