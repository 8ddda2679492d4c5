#include "base/modinfo.h"

#include <elf.h>
#include <gelf.h>
#include <libelf.h>

#include <memory>

#include "absl/status/status.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"

namespace gantry {
namespace {

constexpr absl::string_view kSectionName = ".modinfo";

struct EndElf {
  void operator()(Elf* elf) const { elf_end(elf); }
};

// The section's bytes, a part of what `elf` was opened on.
absl::StatusOr<absl::string_view> FindSection(Elf* elf) {
  size_t names;
  if (elf_kind(elf) != ELF_K_ELF || elf_getshdrstrndx(elf, &names) != 0) {
    return absl::InvalidArgumentError("not an ELF file");
  }
  for (Elf_Scn* section = elf_nextscn(elf, nullptr); section != nullptr;
       section = elf_nextscn(elf, section)) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) == nullptr) continue;
    const char* const name = elf_strptr(elf, names, header.sh_name);
    if (name == nullptr || name != kSectionName) continue;
    const Elf_Data* const data = elf_rawdata(section, nullptr);
    if (data == nullptr || data->d_buf == nullptr) break;
    return absl::string_view(static_cast<const char*>(data->d_buf),
                             data->d_size);
  }
  return absl::InvalidArgumentError("no .modinfo section");
}

}  // namespace

absl::string_view Modinfo::Get(absl::string_view key) const {
  for (const auto& [name, value] : entries) {
    if (name == key) return value;
  }
  return "";
}

std::vector<absl::string_view> Modinfo::GetAll(absl::string_view key) const {
  std::vector<absl::string_view> values;
  for (const auto& [name, value] : entries) {
    if (name == key) values.push_back(value);
  }
  return values;
}

std::vector<std::string> Modinfo::Depends() const {
  return absl::StrSplit(KernelModuleName(Get("depends")), ',',
                        absl::SkipEmpty());
}

absl::StatusOr<Modinfo> ParseModinfo(absl::string_view section) {
  Modinfo modinfo;
  while (!section.empty()) {
    const size_t end = section.find('\0');
    if (end == section.npos) {
      return absl::InvalidArgumentError(".modinfo does not end in NUL");
    }
    const absl::string_view entry = section.substr(0, end);
    section.remove_prefix(end + 1);
    if (entry.empty()) continue;  // The linker aligns.
    const size_t equals = entry.find('=');
    if (equals == entry.npos) {
      return absl::InvalidArgumentError(".modinfo has an entry without \"=\"");
    }
    modinfo.entries.emplace_back(entry.substr(0, equals),
                                 entry.substr(equals + 1));
  }
  return modinfo;
}

absl::StatusOr<Modinfo> ReadModinfo(absl::string_view module) {
  elf_version(EV_CURRENT);
  // libelf requires a mutable and aligned image; it only writes on request.
  std::vector<char> image(module.begin(), module.end());
  const std::unique_ptr<Elf, EndElf> elf(
      elf_memory(image.data(), image.size()));
  GANTRY_ASSIGN_OR_RETURN(const absl::string_view section,
                          FindSection(elf.get()));
  return ParseModinfo(section);
}

std::string KernelModuleName(absl::string_view name) {
  return absl::StrReplaceAll(name, {{"-", "_"}});
}

}  // namespace gantry
