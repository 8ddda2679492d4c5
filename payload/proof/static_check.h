#ifndef GANTRY_PAYLOAD_PROOF_STATIC_CHECK_H_
#define GANTRY_PAYLOAD_PROOF_STATIC_CHECK_H_

#include <set>
#include <string>

#include "absl/strings/string_view.h"
#include "payload/proof/elf_module.h"
#include "payload/proof/symvers.h"
#include "proto/proof.pb.h"

namespace gantry::proof {

// Checks modules against what a kernel offers, by the rules that the kernel
// itself goes by (kernel/module/main.c: check_modinfo(), resolve_symbol();
// kernel/module/version.c), without running it.
class StaticChecker {
 public:
  // `kernel`: the kernel's Module.symvers.  `extra`: what out-of-tree builds
  // export; of these only the modules already checked count.
  StaticChecker(std::string kernel_release, Symvers kernel, Symvers extra);

  // Sets `static_verdict`, the counts, `vermagic`, and on a refusal `message`:
  // the first fault, and how many more of its kind.  `name` is without ".ko".
  // Exports of accepted modules are there for the modules after them.
  proof::v1::ModuleProof Check(const std::string& name,
                               const ElfModule& module);

 private:
  struct Findings;

  const ExportedSymbol* Find(const std::string& symbol,
                             std::string* unavailable_module) const;
  void CheckSymbols(const std::string& name, const ElfModule& module,
                    Findings& findings) const;
  void CheckVersions(const ElfModule& module, Findings& findings) const;

  const std::string kernel_release_;
  const Symvers kernel_;
  const Symvers extra_;
  // Whether the kernel compares CRCs at all.
  const bool has_crcs_;
  // Kernel names of the modules accepted so far.
  std::set<std::string> accepted_;
};

}  // namespace gantry::proof

#endif  // GANTRY_PAYLOAD_PROOF_STATIC_CHECK_H_
