#ifndef GANTRY_PAYLOAD_PROOF_VERDICT_H_
#define GANTRY_PAYLOAD_PROOF_VERDICT_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "payload/proof/boot_console.h"
#include "proto/proof.pb.h"

namespace gantry::proof {

// Why a module is loaded.
enum class StepKind {
  // An in-tree module or fake_pci, which the others need: must be accepted.
  kPrerequisite,
  // A module under proof.
  kModule,
  // An altered copy of a module under proof: must be refused.
  kNegativeControl,
};

struct BootStep {
  StepKind kind = StepKind::kModule;
  // The name of the module, without ".ko".
  std::string name;
};

// Decides, from a boot, whether `proof` is accepted.
//
// Before the call, `proof` has the kernel release that the modules are for, the
// modules with their static verdicts in the order of the kModule steps, and
// the name and alteration of the negative control.  The call sets the kernel
// release to the one that the booted kernel reported, and adds the boot
// verdicts, `accepted` and `reason`.
//
// Accepts nothing unless the guest finished the plan, on the right kernel, and
// no record is missing.  `end` is GuestRun::end.
void Judge(const std::vector<BootStep>& plan, const BootConsole& console,
           const absl::Status& end, proof::v1::Proof& proof);

// Returns false, and sets `accepted` and `reason`, if the static check refused
// a module.
bool JudgeStatic(proof::v1::Proof& proof);

}  // namespace gantry::proof

#endif  // GANTRY_PAYLOAD_PROOF_VERDICT_H_
