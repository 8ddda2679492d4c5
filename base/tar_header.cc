#include "base/tar_header.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace gantry {
namespace {

constexpr size_t kBlockSize = 512;
// Eleven octal digits.
constexpr int64_t kMaxUstarSize = (int64_t{1} << 33) - 1;
constexpr char kZeros[2 * kBlockSize] = {};

// POSIX.1-1988, "ustar Interchange Format".
struct UstarHeader {
  char name[100];
  char mode[8];
  char uid[8];
  char gid[8];
  char size[12];
  char mtime[12];
  char chksum[8];
  char typeflag;
  char linkname[100];
  char magic[6];
  char version[2];
  char uname[32];
  char gname[32];
  char devmajor[8];
  char devminor[8];
  char prefix[155];
  char pad[12];
};
static_assert(sizeof(UstarHeader) == kBlockSize, "ustar blocks are 512 bytes");

// `value` in octal digits that fill `field` except for the NUL at its end.
template <size_t kSize>
void SetNumber(char (&field)[kSize], uint64_t value) {
  const std::string digits =
      absl::StrFormat("%0*o", static_cast<int>(kSize) - 1, value);
  std::memcpy(field, digits.data(), kSize - 1);
}

template <size_t kSize>
void SetText(char (&field)[kSize], absl::string_view text) {
  std::memcpy(field, text.data(), std::min(text.size(), kSize));
}

std::string Block(char typeflag, absl::string_view name, uint32_t mode,
                  int64_t size, absl::string_view link_target) {
  UstarHeader header = {};
  SetText(header.name, name);
  SetNumber(header.mode, mode);
  SetNumber(header.uid, 0);
  SetNumber(header.gid, 0);
  SetNumber(header.size, size <= kMaxUstarSize ? size : 0);
  SetNumber(header.mtime, 0);
  header.typeflag = typeflag;
  SetText(header.linkname, link_target);
  SetText(header.magic, absl::string_view("ustar\0", 6));
  SetText(header.version, "00");
  SetNumber(header.devmajor, 0);
  SetNumber(header.devminor, 0);

  std::memset(header.chksum, ' ', sizeof(header.chksum));
  const unsigned char* bytes = reinterpret_cast<unsigned char*>(&header);
  uint32_t sum = 0;
  for (size_t i = 0; i < sizeof(header); ++i) sum += bytes[i];
  // Six digits, NUL, space.
  std::memcpy(header.chksum, absl::StrFormat("%06o", sum).c_str(), 7);
  return std::string(reinterpret_cast<char*>(&header), sizeof(header));
}

// "<length> <key>=<value>\n", where the length counts its own digits.
std::string PaxRecord(absl::string_view key, absl::string_view value) {
  const size_t rest = key.size() + value.size() + 3;
  size_t length = rest + 1;
  while (absl::StrCat(length).size() + rest != length) ++length;
  return absl::StrCat(length, " ", key, "=", value, "\n");
}

}  // namespace

std::string TarHeader(const TarEntry& entry) {
  char typeflag = '0';
  std::string name = entry.path;
  if (entry.type == TarEntryType::kDirectory) {
    typeflag = '5';
    name += '/';
  } else if (entry.type == TarEntryType::kSymlink) {
    typeflag = '2';
  }
  const int64_t size = typeflag == '0' ? entry.size : 0;

  std::string extended;
  if (name.size() > sizeof(UstarHeader::name)) {
    extended += PaxRecord("path", name);
  }
  if (entry.link_target.size() > sizeof(UstarHeader::linkname)) {
    extended += PaxRecord("linkpath", entry.link_target);
  }
  if (size > kMaxUstarSize) extended += PaxRecord("size", absl::StrCat(size));

  std::string header;
  if (!extended.empty()) {
    header = absl::StrCat(Block('x', "pax_header", 0644, extended.size(), ""),
                          extended, TarPadding(extended.size()));
  }
  return header + Block(typeflag, name, entry.mode, size, entry.link_target);
}

absl::string_view TarPadding(int64_t size) {
  const size_t used = size % kBlockSize;
  return absl::string_view(kZeros, used == 0 ? 0 : kBlockSize - used);
}

absl::string_view TarEnd() { return absl::string_view(kZeros, 2 * kBlockSize); }

}  // namespace gantry
