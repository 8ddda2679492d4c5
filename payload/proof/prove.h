#ifndef GANTRY_PAYLOAD_PROOF_PROVE_H_
#define GANTRY_PAYLOAD_PROOF_PROVE_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "payload/proof/boot.h"
#include "proto/proof.pb.h"

namespace gantry::proof {

// What to do with modules that the static check refuses.
enum class StaticRefusal {
  // Refuse without a boot.
  kFinal,
  // Boot anyway, to get the kernel's message too.  The proof is still not
  // accepted.
  kBootAnyway,
};

// All files are given as paths.
struct ProveOptions {
  // A tar of modules with modules.order.
  std::string modules;
  // A DeveloperContainer textproto, which has the kernel release.
  std::string container;
  // A tar of the container's root file system.
  std::string root;
  // The Module.symvers of the kernel, and those of out-of-tree builds.
  std::string symvers;
  std::vector<std::string> extra_symvers;
  // A bzImage.
  std::string kernel_image;
  // A tar of the fake_pci module; empty: no fake device.
  std::string fake_pci;
  // The static binary of init_main.cc.
  std::string init;

  std::string qemu = "qemu-system-x86_64";
  AcceleratorChoice accelerator = AcceleratorChoice::kAutomatic;
  absl::Duration boot_timeout = BootOptions().timeout;
  StaticRefusal static_refusal = StaticRefusal::kFinal;

  // Called with a line, without line end, for each step.  May be unset.
  std::function<void(absl::string_view)> progress;
};

struct ProveResult {
  proof::v1::Proof proof;
  // The log of the serial console; empty without a boot.
  std::string console;
};

// Proves that a kernel accepts a set of modules: first statically, and then by
// booting it.  A proof that is not accepted is not an error.  An error means
// that there is no answer: an input cannot be read, or QEMU does not start.
absl::StatusOr<ProveResult> Prove(const ProveOptions& options);

}  // namespace gantry::proof

#endif  // GANTRY_PAYLOAD_PROOF_PROVE_H_
