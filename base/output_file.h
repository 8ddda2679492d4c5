#ifndef GANTRY_BASE_OUTPUT_FILE_H_
#define GANTRY_BASE_OUTPUT_FILE_H_

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/unique_fd.h"

namespace gantry {

// A large file that is written sequentially and removed unless it is complete.
// Meant for the outputs of a build: nothing is synced.  Not thread-safe.
class OutputFile {
 public:
  // Truncates an existing file at `path`.
  static absl::StatusOr<OutputFile> Create(std::string path);

  OutputFile(OutputFile&&) = default;
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile();

  // Errors name the path.  RESOURCE_EXHAUSTED: the disk is full.
  absl::Status Append(absl::string_view data);

  // Completes the file: after OK it is kept.  Call at most once, last.
  absl::Status Close();

 private:
  OutputFile(std::string path, UniqueFd fd)
      : path_(std::move(path)), fd_(std::move(fd)) {}

  std::string path_;
  // None once the file is complete.
  UniqueFd fd_;
};

}  // namespace gantry

#endif  // GANTRY_BASE_OUTPUT_FILE_H_
