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

// What to do about modules that the static check refuses.
enum class StaticRefusal {
  // Do not boot: the proof ends there.
  kFinal,
  // Boot too, to hear the kernel's own words.  Still not accepted.
  kBootAnyway,
};

struct ProveOptions {
  // Tar of modules with modules.order.
  std::string modules;
  // DeveloperContainer textproto: names the kernel.
  std::string container;
  // Tar of the container's root file system.
  std::string root;
  // The kernel's Module.symvers, and those of out-of-tree builds.
  std::string symvers;
  std::vector<std::string> extra_symvers;
  // A bzImage.
  std::string kernel_image;
  // Tar of the made-up PCI function's module; empty: none is loaded.
  std::string fake_pci;
  // The static binary of init_main.cc.
  std::string init;

  std::string qemu = "qemu-system-x86_64";
  AcceleratorChoice accelerator = AcceleratorChoice::kAutomatic;
  absl::Duration boot_timeout = absl::Seconds(180);
  StaticRefusal static_refusal = StaticRefusal::kFinal;

  // Gets a line, without line end, on each step.  May be unset.
  std::function<void(absl::string_view)> progress;
};

struct ProveResult {
  proof::v1::Proof proof;
  // Of the serial console; empty if nothing was booted.
  std::string console;
};

// Proves that a kernel accepts a set of modules: statically, then by booting
// it. A proof that is not accepted is no error; an error means that nothing was
// found out (an input is unreadable, QEMU does not start).
absl::StatusOr<ProveResult> Prove(const ProveOptions& options);

}  // namespace gantry::proof

#endif  // GANTRY_PAYLOAD_PROOF_PROVE_H_
