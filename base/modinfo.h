#ifndef GANTRY_BASE_MODINFO_H_
#define GANTRY_BASE_MODINFO_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace gantry {

// The `.modinfo` section of a Linux kernel module, with the module's metadata
// (Linux, include/linux/moduleparam.h, __MODULE_INFO()).
struct Modinfo {
  // In file order, for example "license" and "GPL".  Keys may repeat.
  std::vector<std::pair<std::string, std::string>> entries;

  // The first value of a key; empty if there is none.  Like those of GetAll(),
  // valid as long as the entry is.
  absl::string_view Get(absl::string_view key) const;

  // All values of a key, in order.
  std::vector<absl::string_view> GetAll(absl::string_view key) const;

  // The modules that must be loaded before this one, by kernel name.
  std::vector<std::string> Depends() const;
};

// Parses the content of the section: "key=value" strings, each terminated by
// NUL.  INVALID_ARGUMENT: malformed.
absl::StatusOr<Modinfo> ParseModinfo(absl::string_view section);

// Finds and parses the section in an uncompressed module, an ELF file of any
// architecture.  INVALID_ARGUMENT: not an ELF file, or no valid section.
absl::StatusOr<Modinfo> ReadModinfo(absl::string_view module);

// The kernel's name for a module: "_" instead of "-".  File names may have
// either.
std::string KernelModuleName(absl::string_view name);

}  // namespace gantry

#endif  // GANTRY_BASE_MODINFO_H_
