#include "base/tar_writer.h"

#include "base/status_macros.h"

namespace gantry {

absl::Status TarWriter::Add(const TarEntry& entry) {
  return sink_(TarHeader(entry));
}

absl::Status TarWriter::AddFile(TarEntry entry, absl::string_view content) {
  entry.size = content.size();
  return AddFile(entry, [&] { return sink_(content); });
}

absl::Status TarWriter::AddFile(
    const TarEntry& entry, absl::FunctionRef<absl::Status()> write_content) {
  GANTRY_RETURN_IF_ERROR(sink_(TarHeader(entry)));
  GANTRY_RETURN_IF_ERROR(write_content());
  return sink_(TarPadding(entry.size));
}

absl::Status TarWriter::Finish() { return sink_(TarEnd()); }

}  // namespace gantry
