#ifndef GANTRY_PAYLOAD_NODE_COPY_PROGRESS_H_
#define GANTRY_PAYLOAD_NODE_COPY_PROGRESS_H_

#include <cstdint>
#include <string>

#include "base/progress.h"

namespace gantry::node {

// Counts what has been copied, and shows it.  Not thread-safe.
class CopyProgress {
 public:
  // `out` must outlive this object; null: count only.
  explicit CopyProgress(Progress* out) : out_(out) {}

  void AddTotal(int64_t bytes, int64_t files);
  void AddBytes(int64_t bytes);
  void AddFile();

  int64_t bytes() const { return bytes_; }
  int64_t files() const { return files_; }

  // " 42 %: 1.3 GB of 3.1 GB, 12 of 120 files".
  std::string Text() const;

 private:
  void Show();

  Progress* const out_;
  int64_t total_bytes_ = 0;
  int64_t total_files_ = 0;
  int64_t bytes_ = 0;
  int64_t files_ = 0;
};

// "3.1 GB"; decimal units.
std::string FormatBytes(int64_t bytes);

}  // namespace gantry::node

#endif  // GANTRY_PAYLOAD_NODE_COPY_PROGRESS_H_
