#ifndef GANTRY_BASE_OUTPUT_FILE_H_
#define GANTRY_BASE_OUTPUT_FILE_H_

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace gantry {

// A big file that is written from its begin to its end, and removed unless it
// is complete.  A build's output: not synced.
class OutputFile {
 public:
  // Replaces what is at `path`.
  static absl::StatusOr<OutputFile> Create(std::string path);

  OutputFile(OutputFile&& other);
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile();

  // Errors name the path.  RESOURCE_EXHAUSTED: the disk is full.
  absl::Status Append(absl::string_view data);

  // After OK the file stays.  Call at most once, last.
  absl::Status Close();

 private:
  OutputFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}

  std::string path_;
  int fd_;
};

}  // namespace gantry

#endif  // GANTRY_BASE_OUTPUT_FILE_H_
