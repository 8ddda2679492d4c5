#include "builder/container/decompress.h"

#include <archive.h>
#include <archive_entry.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "base/fd_io.h"
#include "base/file.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "base/unnamed_file.h"

namespace gantry::container {
namespace {

struct Format {
  absl::string_view magic;
  absl::string_view name;
  int (*add_filter)(archive* reader);
};

// lbzip2 uses all cores, unlike libarchive's bzip2, and halves the time of the
// slowest step for the images that Container Linux publishes.
int AddBzip2Filter(archive* reader) {
  const char* path = std::getenv("PATH");
  for (absl::string_view directory :
       absl::StrSplit(path != nullptr ? path : "/usr/bin:/bin", ':')) {
    if (access(JoinPath(directory, "lbzip2").c_str(), X_OK) == 0) {
      return archive_read_append_filter_program(reader, "lbzip2 -d -q");
    }
  }
  return archive_read_append_filter(reader, ARCHIVE_FILTER_BZIP2);
}

// libarchive's gzip does not verify the checksum (3.6.2, consume_trailer).
int AddGzipFilter(archive* reader) {
  return archive_read_append_filter_program(reader, "gzip -d -q");
}

int AddXzFilter(archive* reader) {
  return archive_read_append_filter(reader, ARCHIVE_FILTER_XZ);
}

int AddZstdFilter(archive* reader) {
  return archive_read_append_filter(reader, ARCHIVE_FILTER_ZSTD);
}

const Format* FindFormat(absl::string_view start) {
  static constexpr Format kFormats[] = {
      {"BZh", "bzip2", AddBzip2Filter},
      {"\x1f\x8b", "gzip", AddGzipFilter},
      {absl::string_view("\xfd"
                         "7zXZ\0",
                         6),
       "xz", AddXzFilter},
      {"\x28\xb5\x2f\xfd", "zstd", AddZstdFilter},
  };
  for (const Format& format : kFormats) {
    if (absl::StartsWith(start, format.magic)) return &format;
  }
  return nullptr;
}

// Writes `data` at `offset` without blocks of zeros, which become holes.  Only
// blocks at multiples of their size can.
absl::Status WriteSparse(int fd, uint64_t offset, absl::string_view data) {
  constexpr uint64_t kBlock = 4096;
  static constexpr char kZeros[kBlock] = {};
  while (!data.empty()) {
    // The data up to the next block of zeros is written at once.
    size_t length = 0;
    size_t zeros = 0;
    while (length < data.size()) {
      const size_t piece = std::min<size_t>(kBlock - (offset + length) % kBlock,
                                            data.size() - length);
      if (data.compare(length, piece, absl::string_view(kZeros, piece)) == 0) {
        zeros = piece;
        break;
      }
      length += piece;
    }
    GANTRY_RETURN_IF_ERROR(WriteAllAt(fd, offset, data.substr(0, length),
                                      "writing the unpacked image"));
    offset += length + zeros;
    data.remove_prefix(length + zeros);
  }
  return absl::OkStatus();
}

// Unpacks `image` to `out` and returns the size.  libarchive serves only for
// its filters, in the "raw" format: the image is not an archive, so
// ArchiveReader cannot read it.
absl::StatusOr<uint64_t> Unpack(const InputFile& image, const Format& format,
                                int out) {
  const std::unique_ptr<archive, int (*)(archive*)> reader(archive_read_new(),
                                                           archive_read_free);
  uint64_t size = 0;
  const auto damaged = [&] {
    const char* detail = archive_error_string(reader.get());
    return absl::DataLossError(absl::StrCat(
        image.name(), ": damaged or truncated ", format.name, " data, after ",
        size, " unpacked bytes: ", detail != nullptr ? detail : "no detail"));
  };
  archive_entry* entry = nullptr;
  if (archive_read_support_format_raw(reader.get()) != ARCHIVE_OK ||
      format.add_filter(reader.get()) < ARCHIVE_WARN ||
      archive_read_open_fd(reader.get(), image.fd(), 1 << 20) != ARCHIVE_OK ||
      archive_read_next_header(reader.get(), &entry) != ARCHIVE_OK) {
    return damaged();
  }
  std::vector<char> buffer(1 << 20);
  while (true) {
    const la_ssize_t got =
        archive_read_data(reader.get(), buffer.data(), buffer.size());
    if (got < 0) return damaged();
    if (got == 0) break;
    if (size + got > kMaxImageSize) {
      return absl::ResourceExhaustedError(absl::StrCat(
          image.name(), ": unpacks to more than ", kMaxImageSize, " bytes"));
    }
    GANTRY_RETURN_IF_ERROR(
        Annotate(WriteSparse(out, size, absl::string_view(buffer.data(), got)),
                 image.name()));
    size += got;
  }
  // Closing reports the exit code of an external filter.
  if (archive_read_close(reader.get()) != ARCHIVE_OK) return damaged();
  return size;
}

}  // namespace

absl::StatusOr<InputFile> OpenImage(const std::string& path,
                                    const std::string& directory) {
  GANTRY_ASSIGN_OR_RETURN(InputFile image, InputFile::Open(path));
  char start[6] = {};
  const uint64_t length = std::min<uint64_t>(sizeof(start), image.size());
  GANTRY_RETURN_IF_ERROR(image.ReadAt(0, start, length));
  const Format* format = FindFormat(absl::string_view(start, length));
  if (format == nullptr) return image;

  GANTRY_ASSIGN_OR_RETURN(UniqueFd fd, CreateUnnamedFile(directory));
  GANTRY_ASSIGN_OR_RETURN(const uint64_t size,
                          Unpack(image, *format, fd.get()));
  // The image may end in a hole.
  if (ftruncate(fd.get(), size) != 0) return ErrnoStatus(errno, path);
  return InputFile::FromDescriptor(std::move(fd), path);
}

}  // namespace gantry::container
