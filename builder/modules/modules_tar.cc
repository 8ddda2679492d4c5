#include "builder/modules/modules_tar.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "base/status_macros.h"
#include "base/tar_header.h"
#include "base/tar_writer.h"

namespace gantry::modules {

absl::StatusOr<std::string> MakeTar(
    const std::map<std::string, std::string>& content_by_name) {
  std::string archive;
  TarWriter tar([&](absl::string_view data) {
    archive.append(data.data(), data.size());
    return absl::OkStatus();
  });
  for (const auto& [name, content] : content_by_name) {
    TarEntry entry;
    entry.path = name;
    entry.mode = 0644;
    GANTRY_RETURN_IF_ERROR(tar.AddFile(std::move(entry), content));
  }
  GANTRY_RETURN_IF_ERROR(tar.Finish());
  return archive;
}

}  // namespace gantry::modules
