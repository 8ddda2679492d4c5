#include "payload/proof/static_check.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "base/modinfo.h"

namespace gantry::proof {
namespace {

using proof::v1::ModuleProof;

// include/linux/license.h, license_is_gpl_compatible().
bool IsGplCompatible(absl::string_view license) {
  constexpr absl::string_view kLicenses[] = {
      "GPL",          "GPL v2",       "GPL and additional rights",
      "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL"};
  return std::find(std::begin(kLicenses), std::end(kLicenses), license) !=
         std::end(kLicenses);
}

bool HasCrcs(const Symvers& symvers) {
  return std::any_of(symvers.begin(), symvers.end(),
                     [](const auto& entry) { return entry.second.crc != 0; });
}

// Whether `name` matches an entry of EXPORT_SYMBOL_FOR_MODULES(): names
// separated by commas; "*" at the end matches anything.
bool MatchesAny(absl::string_view modules, absl::string_view name) {
  for (absl::string_view entry : absl::StrSplit(modules, ',')) {
    if (absl::ConsumeSuffix(&entry, "*") ? absl::StartsWith(name, entry)
                                         : name == entry) {
      return true;
    }
  }
  return false;
}

bool MayUseNamespace(absl::string_view space, absl::string_view name,
                     const ElfModule& module) {
  if (space.empty()) return true;
  if (absl::ConsumePrefix(&space, "module:")) {
    return MatchesAny(space, name) || MatchesAny(space, KernelModuleName(name));
  }
  const std::vector<absl::string_view> imported =
      module.modinfo.GetAll("import_ns");
  return std::find(imported.begin(), imported.end(), space) != imported.end();
}

// Faults of one kind.  Only the first is reported in full.
struct Faults {
  std::string first;
  int count = 0;

  void Add(std::string text) {
    if (count++ == 0) first = std::move(text);
  }
};

}  // namespace

struct StaticChecker::Findings {
  int symbols = 0;
  int crcs = 0;
  // The first kind that occurred is reported.
  Faults vermagic, crc, unknown, license, imports;

  std::string Message() const {
    for (const Faults* faults :
         {&vermagic, &crc, &unknown, &license, &imports}) {
      if (faults->count == 0) continue;
      if (faults->count == 1) return faults->first;
      return absl::StrCat(faults->first, " (and ", faults->count - 1, " more)");
    }
    return "";
  }
};

StaticChecker::StaticChecker(std::string kernel_release, Symvers kernel,
                             Symvers extra)
    : kernel_release_(std::move(kernel_release)),
      kernel_(std::move(kernel)),
      extra_(std::move(extra)),
      has_crcs_(HasCrcs(kernel_)) {}

const ExportedSymbol* StaticChecker::Find(
    const std::string& symbol, std::string* unavailable_module) const {
  if (const auto it = kernel_.find(symbol); it != kernel_.end()) {
    return &it->second;
  }
  const auto it = extra_.find(symbol);
  if (it == extra_.end()) return nullptr;
  const std::string exporter = ExporterName(it->second);
  if (accepted_.count(exporter) != 0) return &it->second;
  if (unavailable_module != nullptr) *unavailable_module = exporter;
  return nullptr;
}

void StaticChecker::CheckSymbols(const std::string& name,
                                 const ElfModule& module,
                                 Findings& findings) const {
  const std::string license(module.modinfo.Get("license"));
  const bool gpl = IsGplCompatible(license);
  for (const ElfModule::Symbol& symbol : module.undefined) {
    std::string unavailable;
    const ExportedSymbol* const exported = Find(symbol.name, &unavailable);
    if (exported == nullptr) {
      if (symbol.weak) continue;
      findings.unknown.Add(
          unavailable.empty()
              ? absl::StrCat("unknown symbol ", symbol.name)
              : absl::StrCat("symbol ", symbol.name, " is exported by ",
                             unavailable, ", which is not loaded before it"));
      continue;
    }
    ++findings.symbols;
    if (exported->gpl_only && !gpl) {
      findings.license.Add(absl::StrCat("symbol ", symbol.name,
                                        " is for GPL modules only, the licence"
                                        " is \"",
                                        license, "\""));
    }
    if (!MayUseNamespace(exported->symbol_namespace, name, module)) {
      findings.imports.Add(
          absl::StrCat("symbol ", symbol.name, " is in namespace ",
                       exported->symbol_namespace, ", which is not imported"));
    }
    if (has_crcs_ && exported->crc != 0 &&
        module.versions.count(symbol.name) == 0) {
      findings.crc.Add(absl::StrFormat(
          "symbol %s has no CRC in the module, 0x%08x in the kernel",
          symbol.name, exported->crc));
    }
  }
}

void StaticChecker::CheckVersions(const ElfModule& module,
                                  Findings& findings) const {
  if (!has_crcs_) return;
  for (const auto& [symbol, crc] : module.versions) {
    // If the module uses it, CheckSymbols() reports it as unknown.
    const ExportedSymbol* const exported = Find(symbol, nullptr);
    if (exported == nullptr) continue;
    ++findings.crcs;
    if (exported->crc != crc) {
      findings.crc.Add(absl::StrFormat(
          "symbol %s has CRC 0x%08x in the module, 0x%08x in the kernel",
          symbol, crc, exported->crc));
    }
  }
}

ModuleProof StaticChecker::Check(const std::string& name,
                                 const ElfModule& module) {
  ModuleProof proof;
  proof.set_name(name);
  proof.set_vermagic(std::string(module.modinfo.Get("vermagic")));
  Findings findings;
  const std::string release =
      proof.vermagic().substr(0, proof.vermagic().find(' '));
  if (release != kernel_release_) {
    findings.vermagic.Add(absl::StrCat("vermagic is for kernel \"", release,
                                       "\", not \"", kernel_release_, "\""));
  }
  // First, so that a wrong CRC is reported rather than a missing one.
  CheckVersions(module, findings);
  CheckSymbols(name, module, findings);
  proof.set_symbol_count(findings.symbols);
  proof.set_crc_count(findings.crcs);
  proof.set_message(findings.Message());
  const bool accepted = proof.message().empty();
  proof.set_static_verdict(accepted ? proof::v1::VERDICT_ACCEPTED
                                    : proof::v1::VERDICT_REFUSED);
  if (accepted) accepted_.insert(KernelModuleName(name));
  return proof;
}

}  // namespace gantry::proof
