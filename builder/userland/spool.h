#ifndef GANTRY_BUILDER_USERLAND_SPOOL_H_
#define GANTRY_BUILDER_USERLAND_SPOOL_H_

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/unique_fd.h"

namespace gantry::userland {

// Stores the contents of files in a scratch file until they are written to the
// output.  Not thread-safe.
class Spool {
 public:
  // The location of one content.
  struct Extent {
    int64_t offset = 0;
    int64_t size = 0;
  };

  // The scratch file is on the file system of `directory`.
  static absl::StatusOr<Spool> Create(const std::string& directory);

  Spool(Spool&&) = default;
  Spool& operator=(Spool&&) = delete;

  // Begins a new content.  Append() adds to it, End() returns its location.
  void Begin();
  // RESOURCE_EXHAUSTED: the disk is full.
  absl::Status Append(absl::string_view data);
  Extent End();

  // Passes the content to `sink` in pieces.
  absl::Status Read(
      const Extent& extent,
      const std::function<absl::Status(absl::string_view)>& sink) const;

  // Passes the whole content to `sink`, mapped into memory.
  absl::Status Map(const Extent& extent,
                   const std::function<void(absl::string_view)>& sink) const;

 private:
  Spool(std::string name, UniqueFd fd)
      : name_(std::move(name)), fd_(std::move(fd)) {}

  // Identifies the file in errors.
  const std::string name_;
  UniqueFd fd_;
  int64_t start_ = 0;
  int64_t end_ = 0;
};

}  // namespace gantry::userland

#endif  // GANTRY_BUILDER_USERLAND_SPOOL_H_
