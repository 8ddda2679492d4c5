#ifndef GANTRY_PAYLOAD_INSTALL_PROGRESS_H_
#define GANTRY_PAYLOAD_INSTALL_PROGRESS_H_

#include <cstdint>
#include <cstdio>
#include <string>

namespace gantry {

// Shows how far copying is: on a terminal as one line that is written over,
// elsewhere as one line for each tenth.  Not thread-safe.
class Progress {
 public:
  enum class Style { kSilent, kTerminal, kLines };

  // `out` must live as long as this.
  Progress(std::FILE* out, Style style) : out_(out), style_(style) {}

  void AddTotal(int64_t bytes, int64_t files);
  void AddBytes(int64_t bytes);
  void AddFile();
  // Ends the terminal's line.
  void Finish();

  int64_t bytes() const { return bytes_; }
  int64_t files() const { return files_; }

 private:
  void Show();

  std::FILE* const out_;
  const Style style_;
  int64_t total_bytes_ = 0;
  int64_t total_files_ = 0;
  int64_t bytes_ = 0;
  int64_t files_ = 0;
  // What the last line said; -1: there is none yet.
  int64_t shown_percent_ = -1;
};

// "3.1 GB"; decimal units, as disks are sold.
std::string HumanBytes(int64_t bytes);

}  // namespace gantry

#endif  // GANTRY_PAYLOAD_INSTALL_PROGRESS_H_
