#include "payload/install/progress.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace gantry {
namespace {

constexpr int64_t kPercentPerLine = 10;

}  // namespace

void Progress::AddTotal(int64_t bytes, int64_t files) {
  total_bytes_ += bytes;
  total_files_ += files;
}

void Progress::AddBytes(int64_t bytes) {
  bytes_ += bytes;
  Show();
}

void Progress::AddFile() {
  ++files_;
  if (files_ == total_files_) Show();
}

void Progress::Show() {
  if (style_ == Style::kSilent || total_bytes_ <= 0) return;
  int64_t percent =
      std::min<int64_t>(static_cast<double>(bytes_) / total_bytes_ * 100, 100);
  if (style_ == Style::kLines) percent -= percent % kPercentPerLine;
  // The last line also says that the last file is done.
  const bool is_end = files_ == total_files_;
  if (percent <= shown_percent_ && !is_end) return;
  shown_percent_ = percent;
  const std::string line = absl::StrFormat(
      "%3d %%  %s of %s, %d of %d files", percent, HumanBytes(bytes_),
      HumanBytes(total_bytes_), files_, total_files_);
  if (style_ == Style::kTerminal) {
    absl::FPrintF(out_, "\r%s\033[K", line);
  } else {
    absl::FPrintF(out_, "%s\n", line);
  }
  std::fflush(out_);
}

void Progress::Finish() {
  if (style_ == Style::kTerminal && shown_percent_ >= 0) {
    absl::FPrintF(out_, "\n");
    std::fflush(out_);
  }
  shown_percent_ = -1;
}

std::string HumanBytes(int64_t bytes) {
  const char* const units[] = {"kB", "MB", "GB", "TB"};
  if (bytes < 1000) return absl::StrCat(bytes, " B");
  double value = bytes;
  const char* unit = "";
  for (const char* next : units) {
    if (value < 1000) break;
    value /= 1000;
    unit = next;
  }
  return absl::StrFormat("%.1f %s", value, unit);
}

}  // namespace gantry
