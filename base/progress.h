#ifndef GANTRY_BASE_PROGRESS_H_
#define GANTRY_BASE_PROGRESS_H_

#include <cstdio>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace gantry {

// Tells a person how far long work is.  On a terminal, the status is one line
// that rewrites itself; elsewhere, it is a plain line every now and then.
// Not thread-safe.
class Progress {
 public:
  // How often a status is repeated where it can't be rewritten.
  static constexpr absl::Duration kPlainInterval = absl::Seconds(15);
  static constexpr absl::Duration kTerminalInterval = absl::Milliseconds(100);

  // `stream` must outlive this; it counts as a terminal if isatty(3) says so.
  explicit Progress(std::FILE* stream);
  Progress(std::FILE* stream, bool is_terminal, int columns);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Removes the status from a terminal.
  ~Progress();

  // A line that stays.
  void Line(absl::string_view text);

  // What is going on now; `text` has no line end.  Shown at once if nothing
  // was shown for the interval, else dropped.
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
