#include "payload/proof/module_alteration.h"

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"
#include "payload/proof/elf_module.h"

namespace gantry::proof {
namespace {

constexpr absl::string_view kVermagicKey = "vermagic=";
constexpr absl::string_view kLayoutSymbol = "module_layout";

absl::Status AlterVermagic(const ByteRange& modinfo, std::string& bytes) {
  uint64_t at = modinfo.offset;
  const uint64_t end = modinfo.offset + modinfo.size;
  while (at < end) {
    const absl::string_view entry =
        absl::string_view(bytes).substr(at, bytes.find('\0', at) - at);
    if (absl::StartsWith(entry, kVermagicKey) &&
        entry.size() > kVermagicKey.size()) {
      char& first = bytes[at + kVermagicKey.size()];
      first = first == '0' ? '1' : '0';
      return absl::OkStatus();
    }
    at += entry.size() + 1;
  }
  return absl::InvalidArgumentError("the module has no vermagic to alter");
}

// Flips a bit of the CRC at `offset`.
void AlterCrc(uint64_t offset, std::string& bytes) { bytes[offset] ^= 1; }

bool AlterVersions(const ByteRange& versions, std::string& bytes) {
  for (uint64_t at = 0; at < versions.size; at += kVersionRecordSize) {
    const uint64_t record = versions.offset + at;
    if (bytes.c_str() + record + kVersionNameOffset == kLayoutSymbol) {
      AlterCrc(record, bytes);
      return true;
    }
  }
  return false;
}

bool AlterExtendedVersions(const ByteRange& crcs, const ByteRange& names,
                           std::string& bytes) {
  const std::string list = bytes.substr(names.offset, names.size);
  uint64_t at = 0;
  for (const absl::string_view name : absl::StrSplit(list, '\0')) {
    if (at >= crcs.size) break;
    if (name == kLayoutSymbol) {
      AlterCrc(crcs.offset + at, bytes);
      return true;
    }
    at += 4;
  }
  return false;
}

}  // namespace

absl::StatusOr<AlteredModule> AlterModule(absl::string_view bytes) {
  GANTRY_ASSIGN_OR_RETURN(const ElfModule module, ParseElfModule(bytes));
  AlteredModule altered{std::string(bytes), "vermagic"};
  GANTRY_RETURN_IF_ERROR(AlterVermagic(*module.modinfo_range, altered.bytes));
  bool crc_altered = false;
  if (module.versions_range) {
    crc_altered |= AlterVersions(*module.versions_range, altered.bytes);
  }
  if (module.extended_crcs_range) {
    crc_altered |=
        AlterExtendedVersions(*module.extended_crcs_range,
                              *module.extended_names_range, altered.bytes);
  }
  if (crc_altered) altered.alteration += ", CRC of module_layout";
  return altered;
}

}  // namespace gantry::proof
