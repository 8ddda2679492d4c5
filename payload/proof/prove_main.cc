// Proves that a kernel accepts a set of modules.

#include <unistd.h>

#include <iostream>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/program.h"
#include "base/version.h"
#include "payload/proof/prove.h"
#include "payload/proof/prove_output.h"

ABSL_FLAG(std::string, modules, "", "tar of the modules, with modules.order");
ABSL_FLAG(std::string, container, "", "DeveloperContainer textproto");
ABSL_FLAG(std::string, root, "", "tar of the container's root file system");
ABSL_FLAG(std::string, symvers, "", "the kernel's Module.symvers");
ABSL_FLAG(std::vector<std::string>, extra_symvers, {},
          "Module.symvers of out-of-tree builds");
ABSL_FLAG(std::string, kernel_image, "", "bzImage to boot");
ABSL_FLAG(std::string, fake_pci, "",
          "tar of the fake_pci module; default: no fake device");
ABSL_FLAG(std::string, init, "", "static binary to run as the guest's init");
ABSL_FLAG(std::string, proof, "", "output: Proof textproto");
ABSL_FLAG(std::string, console, "", "output: log of the serial console");
ABSL_FLAG(std::string, qemu, "qemu-system-x86_64", "QEMU to run");
ABSL_FLAG(std::string, accelerator, "auto",
          "auto (KVM if it works), kvm or tcg");
ABSL_FLAG(absl::Duration, boot_timeout,
          gantry::proof::ProveOptions().boot_timeout,
          "the guest is killed after this time");
ABSL_FLAG(bool, boot_refused, false,
          "boot even if the static check refuses a module, to get the "
          "kernel's message too");
ABSL_FLAG(bool, progress, isatty(STDERR_FILENO) != 0,
          "print a line to standard error for each step; default: only on a "
          "terminal");

namespace gantry::proof {
namespace {

constexpr char kUsage[] =
    "Proves that a kernel accepts a set of modules: checks their symbols and "
    "CRCs against its Module.symvers, and loads them into that kernel in QEMU. "
    "All flags for files except --fake_pci are required.\n"
    "Exit codes:\n"
    "  0  accepted\n"
    "  1  not accepted; no file is written\n"
    "  2  wrong flags, or an error that prevented an answer";

constexpr int kNoAnswer = 2;

bool ParseAccelerator(absl::string_view name, AcceleratorChoice& choice) {
  if (name == "auto") {
    choice = AcceleratorChoice::kAutomatic;
  } else if (name == "kvm") {
    choice = AcceleratorChoice::kKvm;
  } else if (name == "tcg") {
    choice = AcceleratorChoice::kTcg;
  } else {
    return false;
  }
  return true;
}

// The first required flag that is not set; empty: all are set.
std::string MissingFlag() {
  for (const absl::Flag<std::string>* flag :
       {&FLAGS_modules, &FLAGS_container, &FLAGS_root, &FLAGS_symvers,
        &FLAGS_kernel_image, &FLAGS_init, &FLAGS_proof, &FLAGS_console}) {
    if (absl::GetFlag(*flag).empty()) {
      return std::string(absl::GetFlagReflectionHandle(*flag).Name());
    }
  }
  return "";
}

ProveOptions OptionsFromFlags() {
  ProveOptions options;
  options.modules = absl::GetFlag(FLAGS_modules);
  options.container = absl::GetFlag(FLAGS_container);
  options.root = absl::GetFlag(FLAGS_root);
  options.symvers = absl::GetFlag(FLAGS_symvers);
  options.extra_symvers = absl::GetFlag(FLAGS_extra_symvers);
  options.kernel_image = absl::GetFlag(FLAGS_kernel_image);
  options.fake_pci = absl::GetFlag(FLAGS_fake_pci);
  options.init = absl::GetFlag(FLAGS_init);
  options.qemu = absl::GetFlag(FLAGS_qemu);
  options.boot_timeout = absl::GetFlag(FLAGS_boot_timeout);
  if (absl::GetFlag(FLAGS_boot_refused)) {
    options.static_refusal = StaticRefusal::kBootAnyway;
  }
  if (absl::GetFlag(FLAGS_progress)) {
    options.progress = [](absl::string_view line) {
      std::cerr << "prove: " << line << std::endl;
    };
  }
  return options;
}

int Run(int argc, char** argv) {
  ParseFlags({"prove", kUsage, kVersion, kNoAnswer}, argc, argv);
  if (const std::string flag = MissingFlag(); !flag.empty()) {
    std::cerr << "prove: --" << flag << " is required\n";
    return kNoAnswer;
  }
  ProveOptions options = OptionsFromFlags();
  if (!ParseAccelerator(absl::GetFlag(FLAGS_accelerator),
                        options.accelerator)) {
    std::cerr << "prove: --accelerator must be auto, kvm or tcg\n";
    return kNoAnswer;
  }
  const auto outcome = ProveToFiles(options, absl::GetFlag(FLAGS_proof),
                                    absl::GetFlag(FLAGS_console));
  if (!outcome.ok()) {
    std::cerr << "prove: " << outcome.status().message() << "\n";
    return kNoAnswer;
  }
  if (!outcome->accepted) {
    std::cerr << "prove: " << outcome->reason << "\n" << outcome->console_tail;
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace gantry::proof

int main(int argc, char** argv) { return gantry::proof::Run(argc, argv); }
