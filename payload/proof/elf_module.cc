#include "payload/proof/elf_module.h"

#include <elf.h>
#include <gelf.h>
#include <libelf.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace gantry::proof {
namespace {

struct EndElf {
  void operator()(Elf* elf) const { elf_end(elf); }
};
using ElfHandle = std::unique_ptr<Elf, EndElf>;

absl::Status Malformed(absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("not a kernel module: ", what));
}

absl::Status LibelfError(absl::string_view what) {
  const char* const message = elf_errmsg(-1);
  return Malformed(
      absl::StrCat(what, ": ", message != nullptr ? message : "unknown error"));
}

absl::Status CheckHeader(absl::string_view bytes, Elf* elf) {
  GElf_Ehdr header;
  if (elf_kind(elf) != ELF_K_ELF || gelf_getehdr(elf, &header) == nullptr) {
    return Malformed("not an ELF file");
  }
  if (header.e_ident[EI_CLASS] != ELFCLASS64 ||
      header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_machine != EM_X86_64) {
    return Malformed("not for x86-64");
  }
  if (header.e_type != ET_REL) return Malformed("not relocatable");
  // libelf does not check this when it reads the table in place.
  if (header.e_shentsize != sizeof(Elf64_Shdr) ||
      header.e_shoff > bytes.size() ||
      header.e_shnum > (bytes.size() - header.e_shoff) / sizeof(Elf64_Shdr)) {
    return Malformed("section table outside the file");
  }
  return absl::OkStatus();
}

absl::string_view Slice(absl::string_view bytes, const ByteRange& range) {
  return bytes.substr(range.offset, range.size);
}

uint32_t ReadU32(absl::string_view bytes, uint64_t offset) {
  uint32_t value = 0;
  for (int i = 3; i >= 0; --i) {
    value = value << 8 | static_cast<unsigned char>(bytes[offset + i]);
  }
  return value;
}

// The string before the first NUL; nullopt: there is no NUL.
absl::optional<absl::string_view> StringBeforeNul(absl::string_view bytes) {
  const size_t end = bytes.find('\0');
  if (end == bytes.npos) return absl::nullopt;
  return bytes.substr(0, end);
}

absl::Status ParseVersions(absl::string_view section, ElfModule& module) {
  if (section.size() % kVersionRecordSize != 0) {
    return Malformed("__versions ends within a record");
  }
  for (uint64_t at = 0; at < section.size(); at += kVersionRecordSize) {
    const absl::string_view record = section.substr(at, kVersionRecordSize);
    const auto name = StringBeforeNul(record.substr(kVersionNameOffset));
    if (!name) return Malformed("__versions has a name without NUL");
    if (!name->empty()) {
      module.versions[std::string(*name)] = ReadU32(record, 0);
    }
  }
  return absl::OkStatus();
}

// Documentation/kbuild/modules.rst, "Module Versioning": 32-bit CRCs, and an
// equal number of names that end with NUL.
absl::Status ParseExtendedVersions(absl::string_view crcs,
                                   absl::string_view names, ElfModule& module) {
  if (crcs.size() % 4 != 0) {
    return Malformed("__version_ext_crcs ends within a CRC");
  }
  for (uint64_t at = 0; at < crcs.size(); at += 4) {
    const auto name = StringBeforeNul(names);
    if (!name)
      return Malformed("__version_ext_names has fewer names than CRCs");
    names.remove_prefix(name->size() + 1);
    module.versions[std::string(*name)] = ReadU32(crcs, at);
  }
  return absl::OkStatus();
}

absl::Status ParseSymbols(Elf* elf, Elf_Scn* section, const GElf_Shdr& header,
                          ElfModule& module) {
  Elf_Data* const data = elf_getdata(section, nullptr);
  if (data == nullptr) return LibelfError("symbol table");
  std::set<std::string> seen;
  const uint64_t count = data->d_size / sizeof(Elf64_Sym);
  for (uint64_t i = 1; i < count; ++i) {
    GElf_Sym symbol;
    if (gelf_getsym(data, static_cast<int>(i), &symbol) == nullptr) {
      return LibelfError("symbol");
    }
    if (symbol.st_shndx != SHN_UNDEF) continue;
    const char* const name = elf_strptr(elf, header.sh_link, symbol.st_name);
    if (name == nullptr) return LibelfError("symbol name");
    // The kernel ignores it (kernel/module/main.c, ignore_undef_symbol()).
    if (std::strcmp(name, "_GLOBAL_OFFSET_TABLE_") == 0) continue;
    if (*name == '\0' || !seen.insert(name).second) continue;
    module.undefined.push_back(
        {name, GELF_ST_BIND(symbol.st_info) == STB_WEAK});
  }
  std::sort(module.undefined.begin(), module.undefined.end(),
            [](const ElfModule::Symbol& a, const ElfModule::Symbol& b) {
              return a.name < b.name;
            });
  return absl::OkStatus();
}

// The field for the range of the section `name`; null: the section is not
// needed.
absl::optional<ByteRange>* RangeFor(absl::string_view name, ElfModule& module) {
  if (name == ".modinfo") return &module.modinfo_range;
  if (name == "__versions") return &module.versions_range;
  if (name == "__version_ext_crcs") return &module.extended_crcs_range;
  if (name == "__version_ext_names") return &module.extended_names_range;
  return nullptr;
}

absl::Status ParseSections(absl::string_view bytes, Elf* elf,
                           ElfModule& module) {
  size_t names = 0;
  if (elf_getshdrstrndx(elf, &names) != 0) return LibelfError("section names");
  bool has_symbols = false;
  for (Elf_Scn* section = nullptr;
       (section = elf_nextscn(elf, section)) != nullptr;) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) == nullptr) {
      return LibelfError("section");
    }
    if (header.sh_type == SHT_NOBITS || header.sh_type == SHT_NULL) continue;
    if (header.sh_offset > bytes.size() ||
        header.sh_size > bytes.size() - header.sh_offset) {
      return Malformed("section outside the file");
    }
    if (header.sh_type == SHT_SYMTAB) {
      if (has_symbols) return Malformed("more than one symbol table");
      has_symbols = true;
      GANTRY_RETURN_IF_ERROR(ParseSymbols(elf, section, header, module));
      continue;
    }
    const char* const name = elf_strptr(elf, names, header.sh_name);
    if (name == nullptr) return LibelfError("section name");
    absl::optional<ByteRange>* const range = RangeFor(name, module);
    if (range == nullptr) continue;
    if (range->has_value())
      return Malformed(absl::StrCat("more than one section ", name));
    *range = ByteRange{header.sh_offset, header.sh_size};
  }
  if (!has_symbols) return Malformed("no symbol table");
  if (!module.modinfo_range) return Malformed("no .modinfo");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ElfModule> ParseElfModule(absl::string_view bytes) {
  if (elf_version(EV_CURRENT) == EV_NONE) {
    return absl::InternalError(
        "libelf is older than the header it was compiled with");
  }
  // libelf requires an aligned, mutable image, but does not write to it.
  std::vector<char> image(bytes.begin(), bytes.end());
  const ElfHandle elf(elf_memory(image.data(), image.size()));
  if (elf == nullptr) return LibelfError("cannot read");
  GANTRY_RETURN_IF_ERROR(CheckHeader(bytes, elf.get()));
  ElfModule module;
  GANTRY_RETURN_IF_ERROR(ParseSections(bytes, elf.get(), module));
  absl::StatusOr<Modinfo> modinfo =
      ParseModinfo(Slice(bytes, *module.modinfo_range));
  if (!modinfo.ok()) return Malformed(modinfo.status().message());
  module.modinfo = *std::move(modinfo);
  if (module.versions_range) {
    GANTRY_RETURN_IF_ERROR(
        ParseVersions(Slice(bytes, *module.versions_range), module));
  }
  if (module.extended_crcs_range.has_value() !=
      module.extended_names_range.has_value()) {
    return Malformed("only one of __version_ext_crcs and __version_ext_names");
  }
  if (module.extended_crcs_range) {
    GANTRY_RETURN_IF_ERROR(ParseExtendedVersions(
        Slice(bytes, *module.extended_crcs_range),
        Slice(bytes, *module.extended_names_range), module));
  }
  return module;
}

}  // namespace gantry::proof
