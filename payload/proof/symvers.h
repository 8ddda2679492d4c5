#ifndef GANTRY_PAYLOAD_PROOF_SYMVERS_H_
#define GANTRY_PAYLOAD_PROOF_SYMVERS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace gantry::proof {

struct ExportedSymbol {
  // 0 for a kernel without CONFIG_MODVERSIONS.
  uint32_t crc = 0;
  // The exporter: "vmlinux", or the path of a module without ".ko".
  // Example: "drivers/gpu/drm/drm".
  std::string module;
  // Only for modules with a GPL-compatible licence.
  bool gpl_only = false;
  // The namespace that the importer must list in import_ns, or "module:" and
  // the names of the only modules that may use the symbol; empty: no
  // restriction.
  std::string symbol_namespace;

  bool operator==(const ExportedSymbol& other) const;
};

// The kernel name of the exporter: "nvidia_modeset" for
// "nvidia/nvidia-modeset".
std::string ExporterName(const ExportedSymbol& symbol);

// Exported symbols by name.
using Symvers = std::map<std::string, ExportedSymbol, std::less<>>;

// Parses a Module.symvers (Documentation/kbuild/modules.rst, "Symbols From the
// Kernel"): lines with CRC, symbol, module, export type, and since Linux 5.4
// namespace, which 5.4 itself has before the module.  INVALID_ARGUMENT names
// the line.
absl::StatusOr<Symvers> ParseSymvers(absl::string_view text);

}  // namespace gantry::proof

#endif  // GANTRY_PAYLOAD_PROOF_SYMVERS_H_
