#ifndef GANTRY_RELEASE_PUBLISH_INPUT_DIRECTORY_H_
#define GANTRY_RELEASE_PUBLISH_INPUT_DIRECTORY_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "release/publish/input_digest.h"

namespace gantry::publish {

// An input store in a directory: the file `<algorithm>/<hex>` has that digest.
// Files are renamed into place, and durable once Put() returns.  The time of an
// input is that of its file's last modification.  See InputStore for the
// methods.
class InputDirectory {
 public:
  explicit InputDirectory(std::string directory)
      : directory_(std::move(directory)) {}

  absl::StatusOr<std::vector<InputDigest>> FindMissing(
      const std::vector<InputDigest>& digests) const;
  absl::Status Put(const InputDigest& digest, const std::string& path) const;
  absl::StatusOr<std::vector<StoredInput>> List() const;
  absl::Status Remove(const InputDigest& digest) const;

 private:
  std::string PathOf(const InputDigest& digest) const;

  std::string directory_;
};

}  // namespace gantry::publish

#endif  // GANTRY_RELEASE_PUBLISH_INPUT_DIRECTORY_H_
