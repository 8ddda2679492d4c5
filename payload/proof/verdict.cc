#include "payload/proof/verdict.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/modinfo.h"
#include "payload/proof/refusal_message.h"

namespace gantry::proof {
namespace {

using proof::v1::ModuleProof;
using proof::v1::NegativeControlProof;
using proof::v1::Proof;
using proof::v1::Verdict;

// A module that refuses to load on a kernel without the feature it is for, and
// the message that it logs then.
struct Inapplicable {
  absl::string_view module;
  int error_number;
  absl::string_view log;
};
constexpr Inapplicable kInapplicable[] = {
    // nvidia-peermem.c, nv_mem_client_init(): it was built for a kernel without
    // InfiniBand.
    {"nvidia_peermem", EINVAL, "without IB peer memory symbols"},
};

// What a kernel logs when it refuses a module of another kernel
// (kernel/module/main.c, check_modinfo(); kernel/module/version.c,
// check_version()).  ENOEXEC alone may also mean a damaged file.
constexpr absl::string_view kOtherKernelMessages[] = {
    "version magic", "disagrees about version of symbol"};

bool AnyLineContains(const StepEvents& step, absl::string_view text) {
  return absl::c_any_of(step.log, [text](const std::string& line) {
    return absl::StrContains(line, text);
  });
}

bool IsInapplicable(const std::string& name, const StepEvents& step) {
  return absl::c_any_of(kInapplicable, [&](const Inapplicable& known) {
    return known.module == KernelModuleName(name) &&
           known.error_number == step.result &&
           AnyLineContains(step, known.log);
  });
}

bool IsRefusedAsForOtherKernel(const StepEvents& step) {
  return step.result == ENOEXEC &&
         absl::c_any_of(kOtherKernelMessages, [&](absl::string_view message) {
           return AnyLineContains(step, message);
         });
}

std::string WithErrno(const std::string& message, int error_number) {
  const std::string meaning = std::strerror(error_number);
  return message == meaning ? message
                            : absl::StrCat(message, " (", meaning, ")");
}

// Why the boot proves nothing; empty: it is complete.
std::string IncompleteReason(const std::vector<BootStep>& plan,
                             const BootConsole& console,
                             const absl::Status& end) {
  const std::string tail =
      console.crash.empty()
          ? absl::StrCat("; the console ends: \"", console.last_line, "\"")
          : absl::StrCat(": ", console.crash);
  if (!console.finished || !end.ok()) {
    const std::string how =
        end.ok() ? "ended" : absl::StrCat("ended (", end.message(), ")");
    if (console.kernel_release.empty()) {
      return absl::StrCat("the guest ", how, " before it started our init",
                          tail);
    }
    for (size_t i = 0; i < plan.size(); ++i) {
      if (console.steps[i].started && !console.steps[i].result) {
        return absl::StrCat("the guest ", how, " while it loaded ",
                            plan[i].name, tail);
      }
    }
    return absl::StrCat("the guest ", how, " before its plan was finished",
                        tail);
  }
  if (console.lost_record) {
    return absl::StrCat("record ", *console.lost_record,
                        " of the console is missing or damaged");
  }
  for (size_t i = 0; i < plan.size(); ++i) {
    if (!console.steps[i].result) {
      return absl::StrCat("the console has no result for ", plan[i].name);
    }
  }
  return "";
}

void JudgeModule(const StepEvents& step, ModuleProof& module) {
  if (!step.result) return;
  module.set_load_errno(*step.result);
  if (*step.result == 0) {
    module.set_boot_verdict(proof::v1::VERDICT_ACCEPTED);
    return;
  }
  module.set_message(RefusalMessage(module.name(), step.log, *step.result));
  module.set_boot_verdict(IsInapplicable(module.name(), step)
                              ? proof::v1::VERDICT_NOT_APPLICABLE
                              : proof::v1::VERDICT_REFUSED);
}

void JudgeNegativeControl(const StepEvents& step,
                          NegativeControlProof& control) {
  if (!step.result) return;
  control.set_load_errno(*step.result);
  if (*step.result == 0) {
    control.set_boot_verdict(proof::v1::VERDICT_ACCEPTED);
    return;
  }
  control.set_message(RefusalMessage(control.name(), step.log, *step.result));
  // Any other refusal proves nothing.  EEXIST even shows that the kernel found
  // no fault: it compares names after vermagic and CRCs.
  if (IsRefusedAsForOtherKernel(step)) {
    control.set_boot_verdict(proof::v1::VERDICT_REFUSED);
  }
}

// Why the proof of a complete boot is not accepted; empty: it is.
std::string RefusalReason(const std::vector<BootStep>& plan,
                          const BootConsole& console, const Proof& proof) {
  for (size_t i = 0; i < plan.size(); ++i) {
    const StepEvents& step = console.steps[i];
    if (plan[i].kind == StepKind::kPrerequisite && step.result != 0) {
      return absl::StrCat(
          plan[i].name, ", which the modules need, was refused: ",
          WithErrno(RefusalMessage(plan[i].name, step.log, *step.result),
                    *step.result));
    }
  }
  for (const ModuleProof& module : proof.modules()) {
    if (module.boot_verdict() == proof::v1::VERDICT_REFUSED) {
      return absl::StrCat(module.name(), " was refused: ",
                          WithErrno(module.message(), module.load_errno()));
    }
  }
  const NegativeControlProof& control = proof.negative_control();
  const bool is_conclusive =
      absl::c_any_of(proof.modules(), [&](const ModuleProof& module) {
        return module.name() == control.name() &&
               module.boot_verdict() == proof::v1::VERDICT_ACCEPTED;
      });
  if (!is_conclusive) {
    return absl::StrCat("void: the module of the negative control, ",
                        control.name(), ", was not accepted unaltered");
  }
  if (control.boot_verdict() != proof::v1::VERDICT_REFUSED) {
    return absl::StrCat(
        "void: the negative control, ", control.name(), " with altered ",
        control.alteration(), ", was not refused as for another kernel: ",
        control.load_errno() == 0
            ? "it was accepted"
            : WithErrno(control.message(), control.load_errno()));
  }
  return "";
}

}  // namespace

bool JudgeStatic(Proof& proof) {
  for (const ModuleProof& module : proof.modules()) {
    if (module.static_verdict() != proof::v1::VERDICT_ACCEPTED) {
      proof.set_accepted(false);
      proof.set_reason(absl::StrCat(module.name(), ": ", module.message()));
      return false;
    }
  }
  return true;
}

void Judge(const std::vector<BootStep>& plan, const BootConsole& console,
           const absl::Status& end, Proof& proof) {
  const std::string expected_release = proof.kernel_release();
  proof.set_kernel_release(console.kernel_release);
  proof.set_accepted(false);
  const bool statically_accepted = JudgeStatic(proof);
  int module = 0;
  for (size_t i = 0; i < plan.size(); ++i) {
    if (plan[i].kind == StepKind::kModule) {
      JudgeModule(console.steps[i], *proof.mutable_modules(module++));
    } else if (plan[i].kind == StepKind::kNegativeControl) {
      JudgeNegativeControl(console.steps[i], *proof.mutable_negative_control());
    }
  }
  std::string reason = IncompleteReason(plan, console, end);
  if (reason.empty() && console.kernel_release != expected_release) {
    reason = absl::StrCat("the kernel image has release ",
                          console.kernel_release, ", not ", expected_release);
  }
  if (reason.empty()) reason = RefusalReason(plan, console, proof);
  if (reason.empty() && !statically_accepted) reason = proof.reason();
  proof.set_accepted(reason.empty());
  proof.set_reason(std::move(reason));
}

}  // namespace gantry::proof
