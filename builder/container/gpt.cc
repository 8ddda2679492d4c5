#include "builder/container/gpt.h"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"

namespace gantry::container {
namespace {

constexpr uint64_t kSectorSize = 512;
constexpr absl::string_view kSignature = "EFI PART";

// Offsets of the header's fields and the smallest size of a header (UEFI 2.10,
// table 5.5).
constexpr uint32_t kHeaderSizeField = 12;
constexpr uint32_t kHeaderCrcField = 16;
constexpr uint32_t kMyLbaField = 24;
constexpr uint32_t kFirstUsableLbaField = 40;
constexpr uint32_t kLastUsableLbaField = 48;
constexpr uint32_t kEntriesLbaField = 72;
constexpr uint32_t kEntryCountField = 80;
constexpr uint32_t kEntrySizeField = 84;
constexpr uint32_t kEntriesCrcField = 88;
constexpr uint32_t kMinHeaderSize = 92;

// The same of an entry (table 5.7).
constexpr uint32_t kEntryFirstLbaField = 32;
constexpr uint32_t kEntryLastLbaField = 40;
constexpr uint32_t kEntryNameField = 56;
constexpr uint32_t kEntryNameUnits = 36;
constexpr uint32_t kMinEntrySize = 128;

// The specification has no upper bounds; usual tables have 128 entries of 128
// bytes.
constexpr uint32_t kMaxEntrySize = 4096;
constexpr uint32_t kMaxEntriesBytes = 1 << 20;

constexpr uint64_t kMaxSectors =
    std::numeric_limits<int64_t>::max() / kSectorSize;

// Decodes a little-endian integer.  `bytes` has at least `offset` + sizeof(T)
// bytes.
template <typename T>
T Little(absl::string_view bytes, uint32_t offset) {
  T value = 0;
  for (size_t i = 0; i < sizeof(T); ++i) {
    value |= static_cast<T>(static_cast<unsigned char>(bytes[offset + i]))
             << (8 * i);
  }
  return value;
}

uint32_t Crc32(absl::string_view data) {
  return crc32(0, reinterpret_cast<const Bytef*>(data.data()), data.size());
}

void AppendUtf8(uint32_t code_point, std::string& out) {
  if (code_point < 0x80) {
    out += static_cast<char>(code_point);
  } else if (code_point < 0x800) {
    out += static_cast<char>(0xC0 | code_point >> 6);
    out += static_cast<char>(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    out += static_cast<char>(0xE0 | code_point >> 12);
    out += static_cast<char>(0x80 | (code_point >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (code_point & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | code_point >> 18);
    out += static_cast<char>(0x80 | (code_point >> 12 & 0x3F));
    out += static_cast<char>(0x80 | (code_point >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (code_point & 0x3F));
  }
}

// UTF-16LE up to the first NUL; a lone surrogate becomes U+FFFD.
std::string DecodeName(absl::string_view entry) {
  std::string name;
  for (uint32_t i = 0; i < kEntryNameUnits; ++i) {
    uint32_t unit = Little<uint16_t>(entry, kEntryNameField + 2 * i);
    if (unit == 0) break;
    if (unit >= 0xD800 && unit <= 0xDFFF) {
      const uint32_t low =
          unit < 0xDC00 && i + 1 < kEntryNameUnits
              ? Little<uint16_t>(entry, kEntryNameField + 2 * (i + 1))
              : 0;
      if (low >= 0xDC00 && low <= 0xDFFF) {
        unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
        ++i;
      } else {
        unit = 0xFFFD;
      }
    }
    AppendUtf8(unit, name);
  }
  return name;
}

struct Header {
  uint64_t first_usable_lba;
  uint64_t last_usable_lba;
  uint64_t entries_lba;
  uint32_t entry_count;
  uint32_t entry_size;
  uint32_t entries_crc;
};

absl::StatusOr<Header> ReadHeader(const InputFile& disk, uint64_t lba) {
  const auto damaged = [&](absl::string_view what) {
    return absl::DataLossError(absl::StrCat(
        disk.name(), ": GPT header at byte ", lba * kSectorSize, ": ", what));
  };
  std::string sector(kSectorSize, '\0');
  GANTRY_RETURN_IF_ERROR(
      disk.ReadAt(lba * kSectorSize, &sector[0], kSectorSize));
  if (!absl::StartsWith(sector, kSignature)) {
    return absl::InvalidArgumentError(
        absl::StrCat(disk.name(), ": not a GPT disk image: no \"", kSignature,
                     "\" at byte ", lba * kSectorSize));
  }
  const uint32_t size = Little<uint32_t>(sector, kHeaderSizeField);
  if (size < kMinHeaderSize || size > kSectorSize) {
    return damaged(absl::StrCat("header size ", size));
  }
  const uint32_t crc = Little<uint32_t>(sector, kHeaderCrcField);
  std::string checked = sector.substr(0, size);
  checked.replace(kHeaderCrcField, sizeof(crc), sizeof(crc), '\0');
  if (Crc32(checked) != crc) return damaged("wrong checksum");
  if (Little<uint64_t>(sector, kMyLbaField) != lba) {
    return damaged("has the sector number of another header");
  }
  Header header;
  header.first_usable_lba = Little<uint64_t>(sector, kFirstUsableLbaField);
  header.last_usable_lba = Little<uint64_t>(sector, kLastUsableLbaField);
  header.entries_lba = Little<uint64_t>(sector, kEntriesLbaField);
  header.entry_count = Little<uint32_t>(sector, kEntryCountField);
  header.entry_size = Little<uint32_t>(sector, kEntrySizeField);
  header.entries_crc = Little<uint32_t>(sector, kEntriesCrcField);
  if (header.entry_size < kMinEntrySize || header.entry_size > kMaxEntrySize ||
      header.entry_size % 8 != 0) {
    return damaged(absl::StrCat("entry size ", header.entry_size));
  }
  if (header.entry_count > kMaxEntriesBytes / header.entry_size) {
    return damaged(absl::StrCat("entry count ", header.entry_count));
  }
  if (header.entries_lba > kMaxSectors ||
      header.last_usable_lba > kMaxSectors) {
    return damaged("sector numbers out of range");
  }
  return header;
}

absl::StatusOr<std::vector<GptPartition>> ReadTable(const InputFile& disk,
                                                    uint64_t lba) {
  GANTRY_ASSIGN_OR_RETURN(const Header header, ReadHeader(disk, lba));
  const uint64_t offset = header.entries_lba * kSectorSize;
  std::string entries(uint64_t{header.entry_count} * header.entry_size, '\0');
  GANTRY_RETURN_IF_ERROR(disk.ReadAt(offset, &entries[0], entries.size()));
  if (Crc32(entries) != header.entries_crc) {
    return absl::DataLossError(absl::StrCat(
        disk.name(), ": GPT entries at byte ", offset, ": wrong checksum"));
  }

  std::vector<GptPartition> partitions;
  for (uint32_t i = 0; i < header.entry_count; ++i) {
    const auto entry = absl::string_view(entries).substr(
        uint64_t{i} * header.entry_size, header.entry_size);
    // A type GUID of zeros marks an unused entry.
    if (std::all_of(entry.begin(), entry.begin() + 16,
                    [](char c) { return c == '\0'; })) {
      continue;
    }
    const uint64_t first = Little<uint64_t>(entry, kEntryFirstLbaField);
    const uint64_t last = Little<uint64_t>(entry, kEntryLastLbaField);
    if (first < header.first_usable_lba || last > header.last_usable_lba ||
        first > last) {
      return absl::DataLossError(absl::StrCat(
          disk.name(), ": GPT entry ", i + 1, " at byte ",
          offset + uint64_t{i} * header.entry_size, ": sectors ", first, " to ",
          last, " are not within ", header.first_usable_lba, " to ",
          header.last_usable_lba));
    }
    GptPartition partition;
    partition.number = i + 1;
    partition.label = DecodeName(entry);
    partition.offset = first * kSectorSize;
    partition.size = (last - first + 1) * kSectorSize;
    partitions.push_back(std::move(partition));
  }
  return partitions;
}

}  // namespace

absl::StatusOr<std::vector<GptPartition>> ReadGpt(const InputFile& disk) {
  auto primary = ReadTable(disk, 1);
  if (primary.ok()) return primary;
  // The backup header is in the last sector.
  const uint64_t sectors = disk.size() / kSectorSize;
  if (sectors > 2) {
    auto backup = ReadTable(disk, sectors - 1);
    if (backup.ok()) return backup;
  } else {
    return absl::InvalidArgumentError(absl::StrCat(
        disk.name(), ": not a GPT disk image: only ", disk.size(), " bytes"));
  }
  return primary;
}

absl::StatusOr<GptPartition> FindPartition(const InputFile& disk,
                                           absl::string_view label) {
  GANTRY_ASSIGN_OR_RETURN(const std::vector<GptPartition> partitions,
                          ReadGpt(disk));
  const GptPartition* found = nullptr;
  for (const GptPartition& partition : partitions) {
    if (partition.label != label) continue;
    if (found != nullptr) {
      return absl::FailedPreconditionError(
          absl::StrCat(disk.name(), ": partitions ", found->number, " and ",
                       partition.number, " are both labelled \"", label, "\""));
    }
    found = &partition;
  }
  if (found == nullptr) {
    const std::string labels = absl::StrJoin(
        partitions, ", ", [](std::string* out, const GptPartition& partition) {
          absl::StrAppend(out, "\"", partition.label, "\"");
        });
    return absl::NotFoundError(absl::StrCat(
        disk.name(), ": no partition labelled \"", label, "\"; ",
        labels.empty() ? "the table is empty"
                       : absl::StrCat("the labels are: ", labels)));
  }
  if (found->offset > disk.size() ||
      found->size > disk.size() - found->offset) {
    return absl::DataLossError(absl::StrCat(
        disk.name(), ": truncated: partition ", found->number, " \"", label,
        "\" ends at byte ", found->offset + found->size, ", the image has ",
        disk.size()));
  }
  return *found;
}

}  // namespace gantry::container
