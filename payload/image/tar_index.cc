#include "payload/image/tar_index.h"

#include <cstring>
#include <map>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/relative_path.h"
#include "base/status.h"
#include "base/status_macros.h"

namespace gantry::image {
namespace {

constexpr int64_t kBlockSize = 512;
// An extended header contains at most a few paths.
constexpr int64_t kMaxExtendedSize = 1 << 20;

// Field positions of POSIX.1-1988, "ustar Interchange Format".
struct Field {
  size_t offset;
  size_t size;
};
constexpr Field kName = {0, 100};
constexpr Field kMode = {100, 8};
constexpr Field kSize = {124, 12};
constexpr Field kChecksum = {148, 8};
constexpr Field kLinkName = {157, 100};
constexpr Field kMagic = {257, 6};
constexpr Field kPrefix = {345, 155};
constexpr size_t kTypeFlagOffset = 156;

absl::string_view Bytes(absl::string_view header, Field field) {
  return header.substr(field.offset, field.size);
}

// The text before the first NUL.
absl::string_view Text(absl::string_view header, Field field) {
  const absl::string_view bytes = Bytes(header, field);
  return bytes.substr(0, bytes.find('\0'));
}

// Parses octal digits that spaces may precede and a space or a NUL may follow,
// or GNU's form for large numbers: big-endian with the highest bit set.
absl::StatusOr<int64_t> Number(absl::string_view header, Field field) {
  absl::string_view bytes = Bytes(header, field);
  uint64_t value = 0;
  if (bytes[0] == '\x80') {
    for (const unsigned char byte : bytes.substr(1)) {
      if (value >> 55 != 0) return absl::DataLossError("number too large");
      value = value << 8 | byte;
    }
    return value;
  }
  while (!bytes.empty() && bytes.front() == ' ') bytes.remove_prefix(1);
  bytes = bytes.substr(0, bytes.find_first_of(absl::string_view("\0 ", 2)));
  for (const char digit : bytes) {
    if (digit < '0' || digit > '7') {
      return absl::DataLossError("number is not octal");
    }
    value = value * 8 + (digit - '0');
  }
  return value;
}

absl::Status VerifyChecksum(absl::string_view header) {
  int64_t sum = 0;
  for (size_t i = 0; i < header.size(); ++i) {
    const bool blank =
        i >= kChecksum.offset && i < kChecksum.offset + kChecksum.size;
    sum += blank ? ' ' : static_cast<unsigned char>(header[i]);
  }
  const absl::StatusOr<int64_t> expected = Number(header, kChecksum);
  if (expected.ok() && *expected == sum) return absl::OkStatus();
  return absl::DataLossError("wrong header checksum");
}

// Parses a sequence of "<length> <key>=<value>\n".
absl::StatusOr<std::map<std::string, std::string>> ParsePax(
    absl::string_view text) {
  std::map<std::string, std::string> records;
  while (!text.empty()) {
    const size_t space = text.find(' ');
    uint64_t length = 0;
    if (space == absl::string_view::npos ||
        !absl::SimpleAtoi(text.substr(0, space), &length) ||
        length < space + 2 || length > text.size() ||
        text[length - 1] != '\n') {
      return absl::DataLossError("damaged extended header");
    }
    const absl::string_view record = text.substr(space + 1, length - space - 2);
    const size_t equals = record.find('=');
    if (equals == absl::string_view::npos) {
      return absl::DataLossError("damaged extended header");
    }
    records[std::string(record.substr(0, equals))] =
        std::string(record.substr(equals + 1));
    text.remove_prefix(length);
  }
  return records;
}

class Indexer {
 public:
  explicit Indexer(const InputFile& archive) : archive_(archive) {}

  absl::StatusOr<std::vector<IndexedTarEntry>> Run() {
    while (true) {
      const int64_t start = position_;
      absl::StatusOr<bool> more = Next();
      if (!more.ok()) {
        return Annotate(more.status(), absl::StrCat(archive_.name(),
                                                    ": entry at byte ", start));
      }
      if (!*more) return std::move(entries_);
    }
  }

 private:
  // Reads one header.  Returns false at the end of the archive.
  absl::StatusOr<bool> Next() {
    if (BytesLeft() < kBlockSize) {
      return absl::DataLossError("truncated: the end marker is missing");
    }
    std::string header(kBlockSize, '\0');
    GANTRY_RETURN_IF_ERROR(archive_.ReadAt(position_, &header[0], kBlockSize));
    if (header == std::string(kBlockSize, '\0')) return false;
    if (Bytes(header, kMagic).substr(0, 5) != "ustar") {
      return position_ == 0
                 ? absl::InvalidArgumentError("not an uncompressed tar archive")
                 : absl::DataLossError("damaged: not a header");
    }
    GANTRY_RETURN_IF_ERROR(VerifyChecksum(header));
    position_ += kBlockSize;

    const char type = header[kTypeFlagOffset];
    switch (type) {
      case 'x':
      case 'g':
      case 'L':
      case 'K':
        return AddExtended(header, type);
      default:
        return AddEntry(header, type);
    }
  }

  int64_t BytesLeft() const {
    return static_cast<int64_t>(archive_.size()) - position_;
  }

  // Skips `size` bytes and their padding.
  absl::Status Skip(int64_t size) {
    const int64_t left = BytesLeft();
    const int64_t padding = TarPadding(size).size();
    if (size > left || padding > left - size) {
      return absl::DataLossError(absl::StrCat("truncated: ", left, " of ", size,
                                              " bytes of content are left"));
    }
    position_ += size + padding;
    return absl::OkStatus();
  }

  absl::StatusOr<bool> AddExtended(absl::string_view header, char type) {
    GANTRY_ASSIGN_OR_RETURN(const int64_t size, Number(header, kSize));
    if (size > kMaxExtendedSize) {
      return absl::DataLossError("extended header too large");
    }
    const int64_t offset = position_;
    GANTRY_RETURN_IF_ERROR(Skip(size));
    std::string text(size, '\0');
    GANTRY_RETURN_IF_ERROR(archive_.ReadAt(offset, &text[0], size));
    if (type == 'L' || type == 'K') {
      extended_[type == 'L' ? "path" : "linkpath"] =
          text.substr(0, text.find('\0'));
      return true;
    }
    GANTRY_ASSIGN_OR_RETURN(auto records, ParsePax(text));
    // Global headers ('g') have no effect on paths, links and sizes in
    // practice; git writes one with a comment.
    if (type == 'x') {
      for (auto& [key, value] : records) extended_[key] = std::move(value);
    }
    return true;
  }

  std::string Extended(const std::string& key, std::string fallback) const {
    const auto found = extended_.find(key);
    return found == extended_.end() ? std::move(fallback) : found->second;
  }

  absl::StatusOr<int64_t> Size(absl::string_view header) const {
    const auto found = extended_.find("size");
    if (found == extended_.end()) return Number(header, kSize);
    int64_t size;
    if (!absl::SimpleAtoi(found->second, &size) || size < 0) {
      return absl::DataLossError("damaged extended header");
    }
    return size;
  }

  static std::string Name(absl::string_view header) {
    // In GNU's format, other fields are in the place of the prefix.
    const bool posix = Bytes(header, kMagic) == absl::string_view("ustar\0", 6);
    const absl::string_view prefix = posix ? Text(header, kPrefix) : "";
    return absl::StrCat(prefix, prefix.empty() ? "" : "/", Text(header, kName));
  }

  absl::StatusOr<bool> AddEntry(absl::string_view header, char type) {
    IndexedTarEntry indexed;
    TarEntry& entry = indexed.entry;
    const std::string name = Extended("path", Name(header));
    GANTRY_ASSIGN_OR_RETURN(entry.path, CleanRelativePath(name));
    GANTRY_ASSIGN_OR_RETURN(const int64_t mode, Number(header, kMode));
    entry.mode = mode & 07777;
    if (type == '0' || type == '\0') {
      GANTRY_ASSIGN_OR_RETURN(entry.size, Size(header));
    } else if (type == '5') {
      entry.type = TarEntryType::kDirectory;
    } else if (type == '2') {
      entry.type = TarEntryType::kSymlink;
      entry.link_target =
          Extended("linkpath", std::string(Text(header, kLinkName)));
    } else {
      return absl::InvalidArgumentError(absl::StrCat(
          entry.path,
          " is not a regular file, a directory or a symbolic link"));
    }
    indexed.offset = position_;
    GANTRY_RETURN_IF_ERROR(Annotate(Skip(entry.size), entry.path));
    extended_.clear();
    if (entry.path.empty() && entry.type != TarEntryType::kDirectory) {
      return absl::InvalidArgumentError("entry without a name");
    }
    if (!entry.path.empty()) entries_.push_back(std::move(indexed));
    return true;
  }

  const InputFile& archive_;
  int64_t position_ = 0;
  // Records of extended headers for the next entry.
  std::map<std::string, std::string> extended_;
  std::vector<IndexedTarEntry> entries_;
};

}  // namespace

absl::StatusOr<std::vector<IndexedTarEntry>> IndexTar(
    const InputFile& archive) {
  return Indexer(archive).Run();
}

}  // namespace gantry::image
