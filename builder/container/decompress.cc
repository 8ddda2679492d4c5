#include "builder/container/decompress.h"

#include <archive.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/file.h"
#include "base/status.h"
#include "base/status_macros.h"

namespace gantry::container {
namespace {

struct Format {
  absl::string_view magic;
  absl::string_view name;
  int (*add_filter)(archive* reader);
};

// lbzip2 uses all cores, which halves the time of the slowest step for images
// as Container Linux publishes them; libarchive's own bzip2 uses one.
int AddBzip2Filter(archive* reader) {
  const char* path = std::getenv("PATH");
  for (absl::string_view folder :
       absl::StrSplit(path != nullptr ? path : "/usr/bin:/bin", ':')) {
    if (access(JoinPath(folder, "lbzip2").c_str(), X_OK) == 0) {
      return archive_read_append_filter_program(reader, "lbzip2 -d -q");
    }
  }
  return archive_read_append_filter(reader, ARCHIVE_FILTER_BZIP2);
}

// libarchive's own gzip leaves the checksum unread (3.6.2, consume_trailer).
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

// An open file without a name.
absl::StatusOr<int> CreateUnnamed(const std::string& directory) {
  std::string folder = directory;
  if (folder.empty()) {
    const char* tmpdir = std::getenv("TMPDIR");
    folder = tmpdir != nullptr && *tmpdir != '\0' ? tmpdir : "/tmp";
  }
  std::string path = JoinPath(folder, ".image.XXXXXX");
  const int fd = mkostemp(&path[0], O_CLOEXEC);
  if (fd < 0) return ErrnoStatus(errno, path);
  unlink(path.c_str());
  return fd;
}

// Writes `data` at `offset`, leaving out blocks of zeros.  Only blocks at
// multiples of their size can become holes.
absl::Status WriteSparse(int fd, uint64_t offset, absl::string_view data) {
  constexpr uint64_t kBlock = 4096;
  static constexpr char kZeros[kBlock] = {};
  while (!data.empty()) {
    // What lies between zero blocks goes out in one piece.
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
    for (size_t done = 0; done < length;) {
      const ssize_t wrote =
          pwrite(fd, data.data() + done, length - done, offset + done);
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote < 0) return ErrnoStatus(errno, "writing the unpacked image");
      done += wrote;
    }
    offset += length + zeros;
    data.remove_prefix(length + zeros);
  }
  return absl::OkStatus();
}

// Unpacks from the start of `image` into `out`; returns the size.
absl::StatusOr<uint64_t> Unpack(const DiskFile& image, const Format& format,
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
  // An external filter's exit code shows only here.
  if (archive_read_close(reader.get()) != ARCHIVE_OK) return damaged();
  return size;
}

}  // namespace

absl::StatusOr<DiskFile> OpenImage(const std::string& path,
                                   const std::string& directory) {
  GANTRY_ASSIGN_OR_RETURN(DiskFile image, DiskFile::Open(path));
  char start[6] = {};
  const uint64_t length = std::min<uint64_t>(sizeof(start), image.size());
  GANTRY_RETURN_IF_ERROR(image.ReadAt(0, start, length));
  const Format* format = FindFormat(absl::string_view(start, length));
  if (format == nullptr) return image;

  GANTRY_ASSIGN_OR_RETURN(const int fd, CreateUnnamed(directory));
  absl::Cleanup close_fd = [fd] { close(fd); };
  GANTRY_ASSIGN_OR_RETURN(const uint64_t size, Unpack(image, *format, fd));
  // The end may be a hole.
  if (ftruncate(fd, size) != 0) return ErrnoStatus(errno, path);
  std::move(close_fd).Cancel();
  return DiskFile::FromDescriptor(fd, path);
}

}  // namespace gantry::container
