#include "payload/node/copy_progress.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"

namespace gantry::node {

void CopyProgress::AddTotal(int64_t bytes, int64_t files) {
  total_bytes_ += bytes;
  total_files_ += files;
}

void CopyProgress::AddBytes(int64_t bytes) {
  bytes_ += bytes;
  Show();
}

void CopyProgress::AddFile() {
  ++files_;
  Show();
}

void CopyProgress::Show() {
  if (out_ != nullptr) out_->Status(Text(), absl::Now());
}

std::string CopyProgress::Text() const {
  const int percent =
      total_bytes_ == 0
          ? 100
          : static_cast<int>(static_cast<double>(bytes_) /
                             static_cast<double>(total_bytes_) * 100);
  return absl::StrFormat("%3d %%: %s of %s, %d of %d files", percent,
                         FormatBytes(bytes_), FormatBytes(total_bytes_), files_,
                         total_files_);
}

std::string FormatBytes(int64_t bytes) {
  if (bytes < 1000) return absl::StrCat(bytes, " B");
  double value = static_cast<double>(bytes);
  const char* unit = "";
  for (const char* next : {"kB", "MB", "GB", "TB"}) {
    if (value < 1000) break;
    value /= 1000;
    unit = next;
  }
  return absl::StrFormat("%.1f %s", value, unit);
}

}  // namespace gantry::node
