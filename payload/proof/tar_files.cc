#include "payload/proof/tar_files.h"

#include <archive.h>
#include <archive_entry.h>

#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/status.h"

namespace gantry::proof {
namespace {

constexpr size_t kMaxModuleSize = size_t{1} << 30;
constexpr size_t kBlockSize = 1 << 16;

struct FreeArchive {
  void operator()(archive* a) const { archive_read_free(a); }
};
using ArchiveHandle = std::unique_ptr<archive, FreeArchive>;

absl::Status ArchiveError(archive* reader) {
  const char* const message = archive_error_string(reader);
  return absl::InvalidArgumentError(message != nullptr ? message
                                                       : "unreadable");
}

absl::StatusOr<std::string> ReadContent(archive* reader) {
  std::string content;
  const void* block = nullptr;
  size_t size = 0;
  la_int64_t offset = 0;
  int result;
  while ((result = archive_read_data_block(reader, &block, &size, &offset)) ==
         ARCHIVE_OK) {
    if (offset < 0 || static_cast<uint64_t>(offset) > kMaxModuleSize ||
        size > kMaxModuleSize - static_cast<size_t>(offset)) {
      return absl::InvalidArgumentError("larger than 1 GiB");
    }
    content.resize(static_cast<size_t>(offset));  // Holes of sparse files.
    content.append(static_cast<const char*>(block), size);
  }
  if (result != ARCHIVE_EOF) return ArchiveError(reader);
  return content;
}

}  // namespace

absl::StatusOr<std::map<std::string, std::string>> ReadTarFiles(
    const std::string& tar,
    absl::FunctionRef<bool(absl::string_view path)> is_selected) {
  const ArchiveHandle reader(archive_read_new());
  archive_read_support_format_tar(reader.get());
  if (archive_read_open_filename(reader.get(), tar.c_str(), kBlockSize) !=
      ARCHIVE_OK) {
    return Annotate(ArchiveError(reader.get()), tar);
  }
  std::map<std::string, std::string> files;
  archive_entry* entry = nullptr;
  int result;
  while ((result = archive_read_next_header(reader.get(), &entry)) ==
         ARCHIVE_OK) {
    const char* const raw_name = archive_entry_pathname(entry);
    if (raw_name == nullptr || archive_entry_filetype(entry) != AE_IFREG ||
        archive_entry_hardlink(entry) != nullptr) {
      continue;
    }
    const std::string name(
        absl::StripPrefix(absl::string_view(raw_name), "./"));
    if (!is_selected(name)) continue;
    auto content = ReadContent(reader.get());
    if (!content.ok()) {
      return Annotate(content.status(), absl::StrCat(tar, ": ", name));
    }
    // There is no block for a hole at the end.
    const la_int64_t size = archive_entry_size(entry);
    if (size < 0 || static_cast<uint64_t>(size) > kMaxModuleSize) {
      return absl::InvalidArgumentError(
          absl::StrCat(tar, ": ", name, ": larger than 1 GiB"));
    }
    content->resize(static_cast<size_t>(size));
    files[name] = *std::move(content);
  }
  if (result != ARCHIVE_EOF) return Annotate(ArchiveError(reader.get()), tar);
  return files;
}

absl::StatusOr<std::string> Decompress(absl::string_view data) {
  const ArchiveHandle reader(archive_read_new());
  archive_read_support_format_raw(reader.get());
  archive_read_support_filter_gzip(reader.get());
  archive_read_support_filter_xz(reader.get());
  archive_read_support_filter_zstd(reader.get());
  archive_entry* entry = nullptr;
  if (archive_read_open_memory(reader.get(), data.data(), data.size()) !=
          ARCHIVE_OK ||
      archive_read_next_header(reader.get(), &entry) != ARCHIVE_OK) {
    return ArchiveError(reader.get());
  }
  return ReadContent(reader.get());
}

}  // namespace gantry::proof
