#include "builder/userland/soname.h"

#include <elf.h>
#include <gelf.h>
#include <libelf.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/types/optional.h"

namespace gantry::userland {
namespace {

struct EndElf {
  void operator()(Elf* elf) const { elf_end(elf); }
};

std::vector<GElf_Phdr> ProgramHeaders(Elf* elf) {
  std::vector<GElf_Phdr> headers;
  size_t count = 0;
  if (elf_getphdrnum(elf, &count) != 0) return headers;
  for (size_t i = 0; i < count; ++i) {
    GElf_Phdr header;
    if (gelf_getphdr(elf, i, &header) == nullptr) break;
    headers.push_back(header);
  }
  return headers;
}

// The file offset of the byte that is loaded to `address`.
absl::optional<uint64_t> FileOffset(const std::vector<GElf_Phdr>& headers,
                                    uint64_t address) {
  for (const GElf_Phdr& header : headers) {
    if (header.p_type != PT_LOAD || address < header.p_vaddr) continue;
    const uint64_t distance = address - header.p_vaddr;
    if (distance < header.p_filesz) return header.p_offset + distance;
  }
  return absl::nullopt;
}

std::string Text(absl::string_view elf, uint64_t offset) {
  if (offset >= elf.size()) return "";
  const absl::string_view text = elf.substr(offset);
  const size_t end = text.find('\0');
  return end == absl::string_view::npos ? "" : std::string(text.substr(0, end));
}

}  // namespace

std::string Soname(absl::string_view elf) {
  elf_version(EV_CURRENT);
  // libelf only writes to the image on request.
  const std::unique_ptr<Elf, EndElf> file(
      elf_memory(const_cast<char*>(elf.data()), elf.size()));
  if (file == nullptr || elf_kind(file.get()) != ELF_K_ELF) return "";

  const std::vector<GElf_Phdr> headers = ProgramHeaders(file.get());
  absl::optional<uint64_t> name;
  absl::optional<uint64_t> strings;
  for (const GElf_Phdr& header : headers) {
    if (header.p_type != PT_DYNAMIC) continue;
    Elf_Data* const data = elf_getdata_rawchunk(file.get(), header.p_offset,
                                                header.p_filesz, ELF_T_DYN);
    if (data == nullptr) return "";
    GElf_Dyn entry;
    for (int i = 0; gelf_getdyn(data, i, &entry) != nullptr; ++i) {
      if (entry.d_tag == DT_NULL) break;
      if (entry.d_tag == DT_SONAME) name = entry.d_un.d_val;
      if (entry.d_tag == DT_STRTAB) {
        strings = FileOffset(headers, entry.d_un.d_ptr);
      }
    }
  }
  if (!name.has_value() || !strings.has_value() || *name > elf.size()) {
    return "";
  }
  const std::string soname = Text(elf, *strings + *name);
  return soname.find('/') == std::string::npos ? soname : "";
}

}  // namespace gantry::userland
