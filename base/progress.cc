#include "base/progress.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

namespace gantry {
namespace {

constexpr int kDefaultColumns = 80;
// ECMA-48 "erase in line".
constexpr char kEraseLine[] = "\r\033[K";

int TerminalColumns(std::FILE* stream) {
  winsize size = {};
  if (ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    return size.ws_col;
  }
  return kDefaultColumns;
}

void Write(std::FILE* stream, absl::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stream);
}

}  // namespace

Progress::Progress(std::FILE* stream)
    : Progress(stream, isatty(fileno(stream)) == 1, TerminalColumns(stream)) {}

Progress::Progress(std::FILE* stream, bool is_terminal, int columns)
    : stream_(stream), is_terminal_(is_terminal), columns_(columns) {}

Progress::~Progress() {
  ClearStatus();
  std::fflush(stream_);
}

void Progress::ClearStatus() {
  if (status_shown_) Write(stream_, kEraseLine);
  status_shown_ = false;
}

void Progress::Line(absl::string_view text) {
  ClearStatus();
  Write(stream_, text);
  Write(stream_, "\n");
  std::fflush(stream_);
}

void Progress::Status(absl::string_view text, absl::Time now) {
  if (now - last_status_ <
      (is_terminal_ ? kTerminalInterval : kPlainInterval)) {
    return;
  }
  last_status_ = now;
  if (!is_terminal_) {
    Line(text);
    return;
  }
  // A line that wraps cannot be overwritten.
  ClearStatus();
  Write(stream_, text.substr(0, std::max(columns_ - 1, 1)));
  status_shown_ = true;
  std::fflush(stream_);
}

}  // namespace gantry
