#include "payload/proof/prove.h"

#include <cstring>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/modinfo.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "base/textproto.h"
#include "google/protobuf/util/time_util.h"
#include "payload/proof/console_record.h"
#include "payload/proof/elf_module.h"
#include "payload/proof/guest.h"
#include "payload/proof/in_tree_modules.h"
#include "payload/proof/module_alteration.h"
#include "payload/proof/module_tar.h"
#include "payload/proof/static_check.h"
#include "payload/proof/symvers.h"
#include "payload/proof/verdict.h"
#include "proto/developer_container.pb.h"

namespace gantry::proof {
namespace {

using proof::v1::ModuleProof;
using proof::v1::Proof;

// What the guest loads, in order.
struct Plan {
  std::vector<BootStep> steps;
  std::vector<std::string> files;

  void Add(StepKind kind, NamedModule module) {
    steps.push_back({kind, std::move(module.name)});
    files.push_back(std::move(module.bytes));
  }
};

void Report(const ProveOptions& options, absl::string_view line) {
  if (options.progress) options.progress(line);
}

absl::StatusOr<Symvers> ReadSymvers(const std::string& path) {
  GANTRY_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  auto symvers = ParseSymvers(text);
  if (!symvers.ok()) return Annotate(symvers.status(), path);
  return symvers;
}

absl::StatusOr<ElfModule> Parse(const NamedModule& module) {
  auto parsed = ParseElfModule(module.bytes);
  if (!parsed.ok()) return Annotate(parsed.status(), module.name);
  return parsed;
}

// Adds the in-tree modules that `module` needs, according to its `depends` and
// its undefined symbols.
void AddNeeds(const ElfModule& module, const Symvers& kernel,
              std::set<std::string>& needs) {
  for (std::string& name : module.modinfo.Depends()) {
    needs.insert(std::move(name));
  }
  for (const ElfModule::Symbol& symbol : module.undefined) {
    const auto exported = kernel.find(symbol.name);
    if (exported == kernel.end() || exported->second.module == "vmlinux") {
      continue;
    }
    needs.insert(ExporterName(exported->second));
  }
}

class Prover {
 public:
  explicit Prover(const ProveOptions& options) : options_(options) {}

  absl::StatusOr<ProveResult> Run() {
    GANTRY_RETURN_IF_ERROR(ReadInputs());
    GANTRY_RETURN_IF_ERROR(CheckStatically());
    if (!JudgeStatic(result_.proof) &&
        options_.static_refusal == StaticRefusal::kFinal) {
      return std::move(result_);
    }
    GANTRY_RETURN_IF_ERROR(MakePlan());
    GANTRY_RETURN_IF_ERROR(BootAndJudge());
    return std::move(result_);
  }

 private:
  absl::Status ReadInputs() {
    Proof& proof = result_.proof;
    builder::v1::DeveloperContainer container;
    GANTRY_RETURN_IF_ERROR(ReadTextProto(options_.container, container));
    proof.set_kernel_release(container.kernel_release());
    GANTRY_ASSIGN_OR_RETURN(*proof.mutable_kernel_digest(),
                            FileSha256Digest(options_.kernel_image));
    GANTRY_ASSIGN_OR_RETURN(*proof.mutable_symvers_digest(),
                            FileSha256Digest(options_.symvers));
    GANTRY_ASSIGN_OR_RETURN(*proof.mutable_modules_digest(),
                            FileSha256Digest(options_.modules));
    GANTRY_ASSIGN_OR_RETURN(kernel_symvers_, ReadSymvers(options_.symvers));
    for (const std::string& path : options_.extra_symvers) {
      GANTRY_ASSIGN_OR_RETURN(Symvers symvers, ReadSymvers(path));
      extra_symvers_.merge(std::move(symvers));
    }
    GANTRY_ASSIGN_OR_RETURN(modules_, ReadModuleTar(options_.modules));
    if (!options_.fake_pci.empty()) {
      GANTRY_ASSIGN_OR_RETURN(fake_pci_, ReadModuleTar(options_.fake_pci));
    }
    return absl::OkStatus();
  }

  absl::Status CheckStatically() {
    StaticChecker checker(result_.proof.kernel_release(), kernel_symvers_,
                          extra_symvers_);
    for (const NamedModule& module : modules_) {
      GANTRY_ASSIGN_OR_RETURN(const ElfModule parsed, Parse(module));
      AddNeeds(parsed, kernel_symvers_, needs_);
      ModuleProof proof = checker.Check(module.name, parsed);
      proof.set_digest(Sha256Digest(module.bytes));
      Report(options_,
             proof.message().empty()
                 ? absl::StrCat(module.name, ": ", proof.symbol_count(),
                                " symbols found, ", proof.crc_count(),
                                " CRCs match")
                 : absl::StrCat(module.name, ": ", proof.message()));
      *result_.proof.add_modules() = std::move(proof);
    }
    return absl::OkStatus();
  }

  absl::Status MakePlan() {
    for (const NamedModule& module : fake_pci_) {
      GANTRY_ASSIGN_OR_RETURN(const ElfModule parsed, Parse(module));
      AddNeeds(parsed, kernel_symvers_, needs_);
    }
    for (const auto* modules : {&modules_, &fake_pci_}) {
      for (const NamedModule& module : *modules) {
        needs_.erase(KernelModuleName(module.name));
      }
    }
    GANTRY_ASSIGN_OR_RETURN(
        std::vector<NamedModule> in_tree,
        ReadInTreeModules(options_.root, result_.proof.kernel_release(),
                          needs_));
    // The first module: usually the others depend on it, so it is the least
    // likely to be inapplicable.
    const NamedModule& subject = modules_.front();
    auto altered = AlterModule(subject.bytes);
    if (!altered.ok()) return Annotate(altered.status(), subject.name);
    result_.proof.mutable_negative_control()->set_name(subject.name);
    result_.proof.mutable_negative_control()->set_alteration(
        altered->alteration);
    NamedModule negative_control{subject.name, std::move(altered->bytes)};

    for (auto& module : in_tree) {
      plan_.Add(StepKind::kPrerequisite, std::move(module));
    }
    for (auto& module : fake_pci_) {
      plan_.Add(StepKind::kPrerequisite, std::move(module));
    }
    for (auto& module : modules_)
      plan_.Add(StepKind::kModule, std::move(module));
    plan_.Add(StepKind::kNegativeControl, std::move(negative_control));
    return absl::OkStatus();
  }

  absl::Status BootAndJudge() {
    BootOptions boot_options;
    boot_options.qemu = options_.qemu;
    boot_options.accelerator = options_.accelerator;
    boot_options.kernel_image = options_.kernel_image;
    boot_options.init = options_.init;
    boot_options.timeout = options_.boot_timeout;
    boot_options.on_record = [this](const ConsoleRecord& record) {
      ReportRecord(record);
    };
    Report(options_, absl::StrCat("booting ", result_.proof.kernel_release()));
    GANTRY_ASSIGN_OR_RETURN(
        Boot boot,
        BootModules(boot_options, {plan_.files.begin(), plan_.files.end()}));
    Proof& proof = result_.proof;
    proof.set_console_digest(Sha256Digest(boot.run.console));
    proof.set_accelerator(std::string(AcceleratorName(boot.accelerator)));
    *proof.mutable_boot_duration() =
        google::protobuf::util::TimeUtil::MillisecondsToDuration(
            absl::ToInt64Milliseconds(boot.run.duration));
    Judge(plan_.steps, boot.console, boot.run.end, proof);
    result_.console = std::move(boot.run.console);
    return absl::OkStatus();
  }

  void ReportRecord(const ConsoleRecord& record) const {
    if (record.type == ConsoleRecord::Type::kHello) {
      Report(options_, absl::StrCat("kernel ", record.text, " is running"));
    }
    size_t step = 0;
    if (record.type != ConsoleRecord::Type::kResult ||
        !absl::SimpleAtoi(record.text, &step) || step >= plan_.steps.size()) {
      return;
    }
    const int error_number = static_cast<int>(record.argument);
    Report(options_,
           absl::StrCat(
               plan_.steps[step].name,
               plan_.steps[step].kind == StepKind::kNegativeControl
                   ? " (negative control)"
                   : "",
               error_number == 0
                   ? ": loaded"
                   : absl::StrCat(": refused, ", std::strerror(error_number))));
  }

  const ProveOptions& options_;
  Symvers kernel_symvers_;
  Symvers extra_symvers_;
  std::vector<NamedModule> modules_;
  std::vector<NamedModule> fake_pci_;
  // Kernel names of the in-tree modules to load first.
  std::set<std::string> needs_;
  Plan plan_;
  ProveResult result_;
};

}  // namespace

absl::StatusOr<ProveResult> Prove(const ProveOptions& options) {
  return Prover(options).Run();
}

}  // namespace gantry::proof
