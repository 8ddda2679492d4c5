#ifndef GANTRY_BASE_TEMP_DIR_H_
#define GANTRY_BASE_TEMP_DIR_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"

namespace gantry {

// A new directory with mode 0700.  The destructor removes it and its content.
class TempDir {
 public:
  // The directory for temporary files: $TMPDIR if set, else /tmp.
  static std::string DefaultParent();

  // If `parent` is empty, it is DefaultParent().
  static absl::StatusOr<TempDir> Create(const std::string& parent = "");

  TempDir(TempDir&& other) : path_(std::exchange(other.path_, "")) {}
  TempDir& operator=(TempDir&& other);
  ~TempDir();

  const std::string& path() const { return path_; }

 private:
  explicit TempDir(std::string path) : path_(std::move(path)) {}
  void Remove();

  std::string path_;
};

}  // namespace gantry

#endif  // GANTRY_BASE_TEMP_DIR_H_
