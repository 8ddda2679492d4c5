#include "payload/proof/initramfs.h"

#include <archive.h>
#include <archive_entry.h>
#include <sys/sysmacros.h>
#include <sys/types.h>

#include <memory>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"

namespace gantry::proof {
namespace {

struct FreeEntry {
  void operator()(archive_entry* entry) const { archive_entry_free(entry); }
};
struct FreeArchive {
  void operator()(archive* a) const { archive_write_free(a); }
};

la_ssize_t Append(archive*, void* output, const void* data, size_t size) {
  static_cast<std::string*>(output)->append(static_cast<const char*>(data),
                                            size);
  return static_cast<la_ssize_t>(size);
}

// Writes entries that are owned by root and dated 1970.
class CpioWriter {
 public:
  explicit CpioWriter(std::string& output) : writer_(archive_write_new()) {
    archive_write_set_format_cpio_newc(writer_.get());
    archive_write_add_filter_none(writer_.get());
    archive_write_set_bytes_per_block(writer_.get(), 0);
    archive_write_open(writer_.get(), &output, nullptr, Append, nullptr);
  }

  absl::Status Directory(const char* path) {
    return Write(path, AE_IFDIR, 0755, 0, "");
  }
  absl::Status Device(const char* path, dev_t number) {
    return Write(path, AE_IFCHR, 0600, number, "");
  }
  absl::Status File(const std::string& path, unsigned mode,
                    absl::string_view content) {
    return Write(path.c_str(), AE_IFREG, mode, 0, content);
  }
  absl::Status Close() {
    return archive_write_close(writer_.get()) == ARCHIVE_OK ? absl::OkStatus()
                                                            : Error("end");
  }

 private:
  absl::Status Error(absl::string_view path) const {
    return absl::InternalError(absl::StrCat(
        "initramfs: ", path, ": ", archive_error_string(writer_.get())));
  }

  absl::Status Write(const char* path, unsigned type, unsigned mode,
                     dev_t number, absl::string_view content) {
    const std::unique_ptr<archive_entry, FreeEntry> entry(archive_entry_new());
    archive_entry_set_pathname(entry.get(), path);
    archive_entry_set_filetype(entry.get(), type);
    archive_entry_set_perm(entry.get(), mode);
    archive_entry_set_nlink(entry.get(), 1);
    archive_entry_set_rdev(entry.get(), number);
    archive_entry_set_mtime(entry.get(), 0, 0);
    archive_entry_set_size(entry.get(),
                           static_cast<la_int64_t>(content.size()));
    if (archive_write_header(writer_.get(), entry.get()) != ARCHIVE_OK) {
      return Error(path);
    }
    if (archive_write_data(writer_.get(), content.data(), content.size()) !=
        static_cast<la_ssize_t>(content.size())) {
      return Error(path);
    }
    return absl::OkStatus();
  }

  const std::unique_ptr<archive, FreeArchive> writer_;
};

}  // namespace

absl::StatusOr<std::string> MakeInitramfs(
    absl::string_view init, absl::string_view nonce,
    const std::vector<absl::string_view>& modules) {
  std::string initramfs;
  CpioWriter writer(initramfs);
  GANTRY_RETURN_IF_ERROR(writer.Directory("dev"));
  // The kernel opens the console before init can mount anything.  Numbers:
  // Documentation/admin-guide/devices.txt.
  GANTRY_RETURN_IF_ERROR(writer.Device("dev/console", makedev(5, 1)));
  GANTRY_RETURN_IF_ERROR(writer.Device("dev/kmsg", makedev(1, 11)));
  GANTRY_RETURN_IF_ERROR(writer.File("init", 0755, init));
  GANTRY_RETURN_IF_ERROR(writer.Directory("modules"));
  std::string plan = absl::StrCat(nonce, "\n");
  for (size_t i = 0; i < modules.size(); ++i) {
    const std::string path = absl::StrFormat("modules/%04d.ko", i);
    GANTRY_RETURN_IF_ERROR(writer.File(path, 0644, modules[i]));
    absl::StrAppend(&plan, "/", path, "\n");
  }
  GANTRY_RETURN_IF_ERROR(writer.File("plan", 0644, plan));
  GANTRY_RETURN_IF_ERROR(writer.Close());
  return initramfs;
}

}  // namespace gantry::proof
