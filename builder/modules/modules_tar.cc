#include "builder/modules/modules_tar.h"

#include <archive.h>
#include <archive_entry.h>

#include <memory>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace gantry::modules {
namespace {

struct FreeWriter {
  void operator()(struct archive* writer) const { archive_write_free(writer); }
};

struct FreeEntry {
  void operator()(struct archive_entry* entry) const {
    archive_entry_free(entry);
  }
};

la_ssize_t Append(struct archive*, void* data, const void* bytes, size_t size) {
  static_cast<std::string*>(data)->append(static_cast<const char*>(bytes),
                                          size);
  return static_cast<la_ssize_t>(size);
}

bool WriteEntry(struct archive* writer, const std::string& name,
                const std::string& content) {
  const std::unique_ptr<struct archive_entry, FreeEntry> entry(
      archive_entry_new());
  archive_entry_set_pathname(entry.get(), name.c_str());
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_entry_set_perm(entry.get(), 0644);
  archive_entry_set_size(entry.get(), static_cast<int64_t>(content.size()));
  archive_entry_set_mtime(entry.get(), 0, 0);
  archive_entry_set_uid(entry.get(), 0);
  archive_entry_set_gid(entry.get(), 0);
  return archive_write_header(writer, entry.get()) == ARCHIVE_OK &&
         archive_write_data(writer, content.data(), content.size()) ==
             static_cast<la_ssize_t>(content.size());
}

}  // namespace

absl::StatusOr<std::string> MakeTar(
    const std::map<std::string, std::string>& content_by_name) {
  std::string tar;
  const std::unique_ptr<struct archive, FreeWriter> writer(archive_write_new());
  archive_write_set_format_ustar(writer.get());
  bool good = archive_write_open(writer.get(), &tar, nullptr, Append,
                                 nullptr) == ARCHIVE_OK;
  for (const auto& [name, content] : content_by_name) {
    good = good && WriteEntry(writer.get(), name, content);
  }
  if (!good || archive_write_close(writer.get()) != ARCHIVE_OK) {
    return absl::InternalError(
        absl::StrCat("tar: ", archive_error_string(writer.get())));
  }
  return tar;
}

}  // namespace gantry::modules
