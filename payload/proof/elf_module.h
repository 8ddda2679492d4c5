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

// A range of a file's bytes, inside it.
struct ByteRange {
  uint64_t offset = 0;
  uint64_t size = 0;
};

// What a kernel module says about itself.
struct ElfModule {
  struct Symbol {
    std::string name;
    // The kernel loads the module also without it.
    bool weak = false;
  };

  Modinfo modinfo;

  // Undefined symbols, by name, each once.
  std::vector<Symbol> undefined;

  // Symbol -> CRC that the module was built against, from `__versions` and
  // from its successor `__version_ext_crcs`/`__version_ext_names` (Linux 6.14,
  // CONFIG_EXTENDED_MODVERSIONS).
  std::map<std::string, uint32_t> versions;

  // Where in the file they are; unset: the module has no such section.
  absl::optional<ByteRange> modinfo_range;
  absl::optional<ByteRange> versions_range;
  absl::optional<ByteRange> extended_crcs_range;
  absl::optional<ByteRange> extended_names_range;
};

// One record of `__versions` (struct modversion_info of
// include/linux/module.h, 64-bit): an unsigned long, then the name.
inline constexpr uint64_t kVersionRecordSize = 64;
inline constexpr uint64_t kVersionNameOffset = 8;

// Reads an uncompressed module: ELF64, little endian, relocatable, x86-64.
// INVALID_ARGUMENT says what is wrong with it; any bytes may be given.
absl::StatusOr<ElfModule> ParseElfModule(absl::string_view bytes);

}  // namespace gantry::proof

#endif  // GANTRY_PAYLOAD_PROOF_ELF_MODULE_H_
