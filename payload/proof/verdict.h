#ifndef GANTRY_PAYLOAD_PROOF_VERDICT_H_
#define GANTRY_PAYLOAD_PROOF_VERDICT_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "payload/proof/boot_console.h"
#include "proto/proof.pb.h"

namespace gantry::proof {

// What a module is loaded for.
enum class StepKind {
  // A module of the kernel's own tree, or the made-up PCI function: must load.
  kPrerequisite,
  // A module under proof.
  kModule,
  // An altered copy of the first module under proof: must be refused.
  kControl,
};

struct BootStep {
  StepKind kind = StepKind::kModule;
  // Module's name, without ".ko".
  std::string name;
};

// The judgement: fills in what the boot showed, and decides.
//
// `proof` comes with `kernel_release` (the one that the modules are for), the
// modules with their static verdicts, in the order of the kModule steps, and
// the control's name and alteration.  It leaves with kernel_release as the
// booted kernel reported it, the boot verdicts, `accepted` and `reason`.
//
// Nothing is accepted unless the guest came to the end of the plan, on the
// right kernel, with every record there.  `end` is GuestRun::end.
void Judge(const std::vector<BootStep>& plan, const BootConsole& console,
           const absl::Status& end, proof::v1::Proof& proof);

// The same for a proof that a static verdict ends already: false if any module
// is refused, with the reason set.
bool JudgeStatic(proof::v1::Proof& proof);

}  // namespace gantry::proof

#endif  // GANTRY_PAYLOAD_PROOF_VERDICT_H_
