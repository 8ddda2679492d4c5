#include "builder/container/root_tar_writer.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "base/status_macros.h"

namespace gantry::container {
namespace {

constexpr size_t kBuffer = 1 << 20;

using ArchiveEntry =
    std::unique_ptr<archive_entry, decltype(&archive_entry_free)>;

ArchiveEntry MakeArchiveEntry(const Ext4Entry& entry, const std::string& name) {
  ArchiveEntry out(archive_entry_new(), archive_entry_free);
  archive_entry_set_pathname(out.get(), name.c_str());
  archive_entry_set_mode(out.get(), entry.mode);
  archive_entry_set_uid(out.get(), entry.uid);
  archive_entry_set_gid(out.get(), entry.gid);
  archive_entry_set_mtime(out.get(), entry.mtime_seconds,
                          entry.mtime_nanoseconds);
  for (const auto& xattr : entry.xattrs) {
    archive_entry_xattr_add_entry(out.get(), xattr.first.c_str(),
                                  xattr.second.data(), xattr.second.size());
  }
  if (S_ISCHR(entry.mode) || S_ISBLK(entry.mode)) {
    archive_entry_set_rdevmajor(out.get(), entry.device_major);
    archive_entry_set_rdevminor(out.get(), entry.device_minor);
  }
  if (S_ISLNK(entry.mode)) {
    archive_entry_set_symlink(out.get(), entry.symlink_target.c_str());
  }
  return out;
}

// If the file has holes, sets the ranges of its content.
void SetContentMap(const Ext4Entry& entry, archive_entry* out) {
  archive_entry_set_size(out, entry.size);
  uint64_t stored = entry.inline_data.size();
  for (const Ext4DataRange& range : entry.data) stored += range.length;
  if (stored == entry.size) return;
  for (const Ext4DataRange& range : entry.data) {
    archive_entry_sparse_add_entry(out, range.file_offset, range.length);
  }
  // The whole file is a hole.
  if (stored == 0) archive_entry_sparse_add_entry(out, entry.size, 0);
}

// Makes libarchive treat names as UTF-8 in this thread while the object exists,
// regardless of the process's locale.  Names that are not UTF-8 are marked as
// binary, with a warning.
class Utf8Locale {
 public:
  Utf8Locale() : previous_(uselocale(Utf8())) {}
  ~Utf8Locale() { uselocale(previous_); }

 private:
  // Built into glibc.
  static locale_t Utf8() {
    static const locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    return utf8;
  }

  const locale_t previous_;
};

}  // namespace

void RootTarWriter::Free::operator()(archive* writer) const {
  // After a failed write, freeing alone leaks the buffer (libarchive 3.6.2).
  archive_write_close(writer);
  archive_write_free(writer);
}

absl::StatusOr<RootTarWriter> RootTarWriter::Create(int fd, std::string name) {
  RootTarWriter writer(archive_write_new(), std::move(name));
  archive* out = writer.writer_.get();
  if (archive_write_set_format_pax(out) != ARCHIVE_OK ||
      archive_write_set_format_option(out, "pax", "xattrheader", "SCHILY") !=
          ARCHIVE_OK ||
      archive_write_set_bytes_per_block(out, kBuffer) != ARCHIVE_OK ||
      archive_write_set_bytes_in_last_block(out, 1) != ARCHIVE_OK ||
      archive_write_open_fd(out, fd) != ARCHIVE_OK) {
    return writer.Error();
  }
  return writer;
}

absl::Status RootTarWriter::Error() const {
  const int number = archive_errno(writer_.get());
  const char* detail = archive_error_string(writer_.get());
  const std::string message =
      absl::StrCat(name_, ": ", detail != nullptr ? detail : "cannot write");
  return number > 0 ? absl::Status(absl::ErrnoToStatusCode(number), message)
                    : absl::InternalError(message);
}

absl::Status RootTarWriter::Add(const Ext4Entry& entry, Ext4Reader& reader) {
  if (S_ISSOCK(entry.mode)) return absl::OkStatus();
  const std::string name(absl::StripPrefix(entry.path, "/"));
  const ArchiveEntry out = MakeArchiveEntry(entry, name);
  if (!S_ISDIR(entry.mode) && entry.link_count > 1) {
    const auto first = linked_.emplace(entry.inode, name);
    if (!first.second) {
      archive_entry_set_hardlink(out.get(), first.first->second.c_str());
      archive_entry_unset_size(out.get());
      return WriteHeader(out.get());
    }
  }
  if (!S_ISREG(entry.mode)) return WriteHeader(out.get());
  SetContentMap(entry, out.get());
  GANTRY_RETURN_IF_ERROR(WriteHeader(out.get()));
  return WriteContent(entry, reader);
}

absl::Status RootTarWriter::WriteHeader(archive_entry* entry) {
  const Utf8Locale utf8;
  return archive_write_header(writer_.get(), entry) < ARCHIVE_WARN
             ? Error()
             : absl::OkStatus();
}

absl::Status RootTarWriter::WriteContent(const Ext4Entry& entry,
                                         Ext4Reader& reader) {
  // libarchive expects the zeros of holes and drops them.
  uint64_t written = 0;
  GANTRY_RETURN_IF_ERROR(
      reader.ReadData(entry, [&](uint64_t offset, absl::string_view data) {
        GANTRY_RETURN_IF_ERROR(WriteZeros(offset - written));
        written = offset + data.size();
        return Write(data);
      }));
  return WriteZeros(entry.size - written);
}

absl::Status RootTarWriter::WriteZeros(uint64_t count) {
  static const std::string& zeros = *new std::string(kBuffer, '\0');
  while (count > 0) {
    const uint64_t piece = std::min<uint64_t>(count, zeros.size());
    GANTRY_RETURN_IF_ERROR(Write(absl::string_view(zeros.data(), piece)));
    count -= piece;
  }
  return absl::OkStatus();
}

absl::Status RootTarWriter::Write(absl::string_view data) {
  while (!data.empty()) {
    const la_ssize_t wrote =
        archive_write_data(writer_.get(), data.data(), data.size());
    if (wrote <= 0) return Error();
    data.remove_prefix(wrote);
  }
  return absl::OkStatus();
}

absl::Status RootTarWriter::Finish() {
  return archive_write_close(writer_.get()) == ARCHIVE_OK ? absl::OkStatus()
                                                          : Error();
}

}  // namespace gantry::container
