#ifndef GANTRY_PAYLOAD_PROOF_ELF_MODULE_H_
#define GANTRY_PAYLOAD_PROOF_ELF_MODULE_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "base/modinfo.h"

namespace gantry::proof {

// A range of bytes within a file.
struct ByteRange {
  uint64_t offset = 0;
  uint64_t size = 0;
};

// What a kernel module declares and needs.
struct ElfModule {
  struct Symbol {
    std::string name;
    // The kernel loads the module even if nothing exports it.
    bool weak = false;
  };

  Modinfo modinfo;

  // Undefined symbols, sorted by name, without duplicates.
  std::vector<Symbol> undefined;

  // The CRC of each symbol that the module was built against, from `__versions`
  // and from its successors `__version_ext_crcs` and `__version_ext_names`
  // (Linux 6.14, CONFIG_EXTENDED_MODVERSIONS).
  std::map<std::string, uint32_t> versions;

  // Where these sections are in the file; nullopt: the module has none.
  absl::optional<ByteRange> modinfo_range;
  absl::optional<ByteRange> versions_range;
  absl::optional<ByteRange> extended_crcs_range;
  absl::optional<ByteRange> extended_names_range;
};

// A record of `__versions` (struct modversion_info in include/linux/module.h,
// 64-bit): an unsigned long, and the name.
inline constexpr uint64_t kVersionRecordSize = 64;
inline constexpr uint64_t kVersionNameOffset = 8;

// Parses an uncompressed module: a relocatable ELF64 file for x86-64.  The
// bytes are not trusted.  INVALID_ARGUMENT: they are not such a file.
absl::StatusOr<ElfModule> ParseElfModule(absl::string_view bytes);

}  // namespace gantry::proof

#endif  // GANTRY_PAYLOAD_PROOF_ELF_MODULE_H_
