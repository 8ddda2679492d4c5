#ifndef GANTRY_BUILDER_USERLAND_SPOOL_H_
#define GANTRY_BUILDER_USERLAND_SPOOL_H_

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace gantry::userland {

// Contents that wait on the disk, in a file without a name.  Not thread-safe.
class Spool {
 public:
  // One content.
  struct Extent {
    int64_t offset = 0;
    int64_t size = 0;
  };

  // In the folder of `path`.
  static absl::StatusOr<Spool> Create(const std::string& path);

  Spool(Spool&& other);
  Spool& operator=(Spool&&) = delete;
  ~Spool();

  // Begins a content, which Append() fills and End() ends.
  void Begin();
  // RESOURCE_EXHAUSTED: the disk is full.
  absl::Status Append(absl::string_view data);
  Extent End();

  // Passes the content piece by piece.
  absl::Status Read(
      const Extent& extent,
      const std::function<absl::Status(absl::string_view)>& sink) const;

  // Passes the content as a whole, mapped into memory.
  absl::Status Map(const Extent& extent,
                   const std::function<void(absl::string_view)>& sink) const;

 private:
  Spool(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}

  // For errors.
  const std::string path_;
  int fd_;
  int64_t start_ = 0;
  int64_t end_ = 0;
};

}  // namespace gantry::userland

#endif  // GANTRY_BUILDER_USERLAND_SPOOL_H_
