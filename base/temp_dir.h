#ifndef GANTRY_BASE_TEMP_DIR_H_
#define GANTRY_BASE_TEMP_DIR_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"

namespace gantry {

// A fresh folder, mode 0700, removed with its content when this ends.
class TempDir {
 public:
  // Below `parent`; empty: below $TMPDIR, else /tmp.
  static absl::StatusOr<TempDir> Create(std::string parent = "");

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
