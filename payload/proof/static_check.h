#ifndef GANTRY_PAYLOAD_PROOF_STATIC_CHECK_H_
#define GANTRY_PAYLOAD_PROOF_STATIC_CHECK_H_

#include <set>
#include <string>

#include "payload/proof/elf_module.h"
#include "payload/proof/symvers.h"
#include "proto/proof.pb.h"

namespace gantry::proof {

// Checks whether a kernel would load modules, without running it, by the rules
// in the kernel's kernel/module/main.c (check_modinfo(), resolve_symbol()) and
// kernel/module/version.c.
class StaticChecker {
 public:
  // `kernel`: the kernel's Module.symvers.  `extra`: those of out-of-tree
  // builds; only symbols of modules that were checked and accepted are
  // available.
  StaticChecker(std::string kernel_release, Symvers kernel, Symvers extra);

  // Returns a proof with `static_verdict`, the counts, `vermagic`, and if the
  // module is refused, `message`: the first fault, and the number of others of
  // its kind.  `name` has no ".ko".  Call in loading order.
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
  // Whether the kernel was built with CRCs.
  const bool has_crcs_;
  // Kernel names of the modules accepted so far.
  std::set<std::string> accepted_;
};

}  // namespace gantry::proof

#endif  // GANTRY_PAYLOAD_PROOF_STATIC_CHECK_H_
