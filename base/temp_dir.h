#ifndef GANTRY_BASE_TEMP_DIR_H_
#define GANTRY_BASE_TEMP_DIR_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"

namespace gantry {

// A new directory with mode 0700, removed with its content when this object is
// destroyed.
class TempDir {
 public:
  // Where temporary files belong: $TMPDIR if that is set, else /tmp.
  static std::string DefaultParent();

  // Empty `parent`: DefaultParent().
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
