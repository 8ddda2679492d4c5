#ifndef GANTRY_BASE_PROGRESS_H_
#define GANTRY_BASE_PROGRESS_H_

#include <cstdio>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace gantry {

// Shows the progress of long work.  On a terminal, the status is one line that
// is overwritten; elsewhere, it is a plain line that is printed occasionally.
// Not thread-safe.
class Progress {
 public:
  // Minimum time between two statuses.
  static constexpr absl::Duration kPlainInterval = absl::Seconds(15);
  static constexpr absl::Duration kTerminalInterval = absl::Milliseconds(100);

  // `stream` must outlive this object; isatty(3) decides whether it is a
  // terminal.
  explicit Progress(std::FILE* stream);
  Progress(std::FILE* stream, bool is_terminal, int columns);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Erases the status from a terminal.
  ~Progress();

  // Prints a line that is not overwritten.
  void Line(absl::string_view text);

  // Shows the current status, a text without newline.  Dropped if less than the
  // interval has passed since the last one.
  void Status(absl::string_view text, absl::Time now);

 private:
  void ClearStatus();

  std::FILE* const stream_;
  const bool is_terminal_;
  const int columns_;
  bool status_shown_ = false;
  absl::Time last_status_ = absl::InfinitePast();
};

}  // namespace gantry

#endif  // GANTRY_BASE_PROGRESS_H_
