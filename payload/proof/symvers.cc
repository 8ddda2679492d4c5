#include "payload/proof/symvers.h"

#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/modinfo.h"
#include "base/relative_path.h"

namespace gantry::proof {
namespace {

// Returns false if the line has another format.
bool ParseLine(absl::string_view line, std::string& name,
               ExportedSymbol& symbol) {
  const std::vector<absl::string_view> fields = absl::StrSplit(line, '\t');
  if (fields.size() < 4 || fields.size() > 5) return false;
  if (!absl::StartsWith(fields[0], "0x") ||
      !absl::SimpleHexAtoi(fields[0], &symbol.crc)) {
    return false;
  }
  name = std::string(fields[1]);
  absl::string_view export_type = fields[3], space;
  absl::string_view module = fields[2];
  if (fields.size() == 5) {
    space = fields[4];
    if (absl::StartsWith(fields[4], "EXPORT_")) {
      space = fields[2];
      module = fields[3];
      export_type = fields[4];
    }
  }
  if (name.empty() || !absl::StartsWith(export_type, "EXPORT_")) return false;
  symbol.module = std::string(module);
  symbol.gpl_only = absl::StrContains(export_type, "_GPL");
  symbol.symbol_namespace = std::string(space);
  return true;
}

}  // namespace

bool ExportedSymbol::operator==(const ExportedSymbol& other) const {
  return crc == other.crc && module == other.module &&
         gpl_only == other.gpl_only &&
         symbol_namespace == other.symbol_namespace;
}

std::string ExporterName(const ExportedSymbol& symbol) {
  return KernelModuleName(BaseName(symbol.module));
}

absl::StatusOr<Symvers> ParseSymvers(absl::string_view text) {
  Symvers symvers;
  int number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    line = absl::StripSuffix(line, "\r");
    if (line.empty()) continue;
    std::string name;
    ExportedSymbol symbol;
    if (!ParseLine(line, name, symbol)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "line ", number, ": not \"CRC symbol module export [namespace]\""));
    }
    symvers[std::move(name)] = std::move(symbol);
  }
  return symvers;
}

}  // namespace gantry::proof
