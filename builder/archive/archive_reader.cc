#include "builder/archive/archive_reader.h"

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/file.h"
#include "base/status.h"
#include "base/status_macros.h"

namespace gantry::archive {
namespace {

constexpr size_t kBlock = 1 << 20;

std::string Relative(const char* path) {
  absl::string_view relative = path == nullptr ? "" : path;
  while (absl::ConsumePrefix(&relative, "/") ||
         absl::ConsumePrefix(&relative, "./")) {
  }
  while (absl::ConsumeSuffix(&relative, "/")) {
  }
  return relative == "." ? "" : std::string(relative);
}

// Lets libarchive read the content of another archive's entry.
struct EntrySource {
  struct archive* outer;
  std::vector<char>& buffer;
};

la_ssize_t ReadEntry(struct archive* inner, void* data, const void** block) {
  const EntrySource& source = *static_cast<EntrySource*>(data);
  *block = source.buffer.data();
  const la_ssize_t size = archive_read_data(source.outer, source.buffer.data(),
                                            source.buffer.size());
  if (size < 0) {
    archive_set_error(inner, archive_errno(source.outer), "%s",
                      archive_error_string(source.outer));
    return ARCHIVE_FATAL;
  }
  return size;
}

int CloseEntry(struct archive*, void* data) {
  delete static_cast<EntrySource*>(data);
  return ARCHIVE_OK;
}

struct FreeWriter {
  void operator()(struct archive* writer) const { archive_write_free(writer); }
};
using Writer = std::unique_ptr<struct archive, FreeWriter>;

absl::Status WriteError(struct archive* writer, absl::string_view path) {
  const char* message = archive_error_string(writer);
  // libarchive reports entries outside the directory with errno -1.
  const int error = archive_errno(writer);
  const absl::StatusCode code = error > 0 ? absl::ErrnoToStatusCode(error)
                                          : absl::StatusCode::kInvalidArgument;
  return absl::Status(
      code, absl::StrCat(path, ": ", message == nullptr ? "?" : message));
}

bool IsExtractable(mode_t type) {
  return type == AE_IFREG || type == AE_IFDIR || type == AE_IFLNK;
}

// Sets the path, link target and permissions with which the current entry is
// written below `root`.  False: the entry is left out.
// FAILED_PRECONDITION: it is a hard link to an entry that was left out.
absl::StatusOr<bool> PrepareEntry(ArchiveReader& reader,
                                  const std::string& root,
                                  const PathMapping& mapping) {
  struct archive_entry* entry = reader.entry();
  const char* hard_link = archive_entry_hardlink(entry);
  if (hard_link == nullptr && !IsExtractable(archive_entry_filetype(entry))) {
    return false;
  }
  const std::string path = mapping(reader.path());
  if (path.empty()) return false;
  archive_entry_set_pathname(entry, JoinPath(root, path).c_str());
  if (hard_link != nullptr) {
    const std::string target = mapping(Relative(hard_link));
    if (target.empty()) {
      return absl::FailedPreconditionError(
          absl::StrCat(reader.path(), ": is a hard link to ", hard_link,
                       ", which was left out"));
    }
    archive_entry_set_hardlink(entry, JoinPath(root, target).c_str());
  }
  const bool is_directory = archive_entry_filetype(entry) == AE_IFDIR;
  archive_entry_set_perm(
      entry, (archive_entry_perm(entry) & 0777) | (is_directory ? 0700 : 0600));
  return true;
}

absl::Status CopyData(ArchiveReader& reader, struct archive* writer) {
  const void* block;
  size_t size;
  la_int64_t offset;
  while (true) {
    const int got =
        archive_read_data_block(reader.handle(), &block, &size, &offset);
    if (got == ARCHIVE_EOF) return absl::OkStatus();
    if (got != ARCHIVE_OK) {
      return absl::DataLossError(absl::StrCat(
          reader.path(), ": ", archive_error_string(reader.handle())));
    }
    if (archive_write_data_block(writer, block, size, offset) < ARCHIVE_OK) {
      return WriteError(writer, reader.path());
    }
  }
}

}  // namespace

void ArchiveReader::Free::operator()(struct archive* archive) const {
  archive_read_free(archive);
}

ArchiveReader::ArchiveReader(std::string name)
    : name_(std::move(name)), archive_(archive_read_new()) {
  archive_read_support_format_ar(archive_.get());
  archive_read_support_format_tar(archive_.get());
  archive_read_support_filter_bzip2(archive_.get());
  archive_read_support_filter_gzip(archive_.get());
  archive_read_support_filter_xz(archive_.get());
  archive_read_support_filter_zstd(archive_.get());
}

absl::StatusOr<std::unique_ptr<ArchiveReader>> ArchiveReader::Open(
    const std::string& path) {
  struct stat ignored;
  if (stat(path.c_str(), &ignored) != 0) return ErrnoStatus(errno, path);
  std::unique_ptr<ArchiveReader> reader(new ArchiveReader(path));
  if (archive_read_open_filename(reader->handle(), path.c_str(), kBlock) !=
      ARCHIVE_OK) {
    return reader->Error(absl::StatusCode::kInvalidArgument);
  }
  return reader;
}

absl::StatusOr<std::unique_ptr<ArchiveReader>> ArchiveReader::OpenEntryOf(
    ArchiveReader& outer) {
  std::unique_ptr<ArchiveReader> reader(
      new ArchiveReader(absl::StrCat(outer.name_, ": ", outer.path())));
  reader->buffer_.resize(kBlock);
  if (archive_read_open(reader->handle(),
                        new EntrySource{outer.handle(), reader->buffer_},
                        nullptr, ReadEntry, CloseEntry) != ARCHIVE_OK) {
    return reader->Error(absl::StatusCode::kInvalidArgument);
  }
  return reader;
}

absl::Status ArchiveReader::Error(absl::StatusCode code) const {
  return absl::Status(
      code, absl::StrCat(name_, ": ", archive_error_string(archive_.get())));
}

absl::StatusOr<bool> ArchiveReader::Next() {
  const int got = archive_read_next_header(archive_.get(), &entry_);
  if (got == ARCHIVE_EOF) return false;
  if (got < ARCHIVE_WARN) return Error(absl::StatusCode::kDataLoss);
  path_ = Relative(archive_entry_pathname(entry_));
  return true;
}

bool ArchiveReader::is_regular_file() const {
  return archive_entry_filetype(entry_) == AE_IFREG &&
         archive_entry_hardlink(entry_) == nullptr;
}

bool ArchiveReader::is_ar() const {
  return (archive_format(archive_.get()) & ARCHIVE_FORMAT_BASE_MASK) ==
         ARCHIVE_FORMAT_AR;
}

absl::Status ExtractArchive(ArchiveReader& reader, const std::string& directory,
                            const PathMapping& mapping) {
  GANTRY_RETURN_IF_ERROR(CreateDirectories(directory));
  // libarchive rejects paths with symbolic links, even above `directory`.
  std::error_code error;
  const std::string root = std::filesystem::canonical(directory, error);
  if (error) return ErrnoStatus(error.value(), directory);
  const Writer writer(archive_write_disk_new());
  archive_write_disk_set_options(
      writer.get(), ARCHIVE_EXTRACT_TIME | ARCHIVE_EXTRACT_SECURE_NODOTDOT |
                        ARCHIVE_EXTRACT_SECURE_SYMLINKS);
  while (true) {
    GANTRY_ASSIGN_OR_RETURN(const bool more, reader.Next());
    if (!more) break;
    GANTRY_ASSIGN_OR_RETURN(const bool wanted,
                            PrepareEntry(reader, root, mapping));
    if (!wanted) continue;
    if (archive_write_header(writer.get(), reader.entry()) < ARCHIVE_WARN) {
      return WriteError(writer.get(), reader.path());
    }
    if (reader.is_regular_file()) {
      GANTRY_RETURN_IF_ERROR(CopyData(reader, writer.get()));
    }
    if (archive_write_finish_entry(writer.get()) < ARCHIVE_WARN) {
      return WriteError(writer.get(), reader.path());
    }
  }
  if (archive_write_close(writer.get()) < ARCHIVE_WARN) {
    return WriteError(writer.get(), directory);
  }
  return absl::OkStatus();
}

}  // namespace gantry::archive
