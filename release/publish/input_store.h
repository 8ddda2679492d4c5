#ifndef GANTRY_RELEASE_PUBLISH_INPUT_STORE_H_
#define GANTRY_RELEASE_PUBLISH_INPUT_STORE_H_

#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "release/publish/input_digest.h"
#include "release/publish/input_directory.h"
#include "release/publish/input_repository.h"

namespace gantry::publish {

// The location that a flag's value means: a value that begins with "/" or "."
// is a directory, of which this is the absolute path; any other is a
// repository of a registry, such as "registry.example/gantry-inputs", which
// does not change.  Empty: no store.
std::string InputLocation(const std::string& flag);

// The files that payloads were made of, by digest, for when the servers that
// they came from no longer have them.  Repository rules read them
// (builder/private/input_store.bzl).  Several processes may use a store.
//
// Digests are those of RemoteFile: INVALID_ARGUMENT if they have another form.
// UNAVAILABLE: the registry does not answer.
class InputStore {
 public:
  // `location`: see InputLocation(); not empty.
  explicit InputStore(const std::string& location);

  // The digests that the store does not have, in the given order.
  absl::StatusOr<std::vector<std::string>> FindMissing(
      const std::vector<std::string>& digests) const;

  absl::StatusOr<bool> Has(const std::string& digest) const;

  // Copies a file into the store, unless the store has that digest.  The base
  // name of `path` is recorded where the store has a place for it.  DATA_LOSS:
  // the file has another digest; the store is unchanged.
  absl::Status Put(const std::string& digest, const std::string& path) const;

  // All files, ordered by digest.  Asks a registry once for each.
  absl::StatusOr<std::vector<StoredInput>> List() const;

  // OK if the store does not have it.
  absl::Status Remove(const std::string& digest) const;

 private:
  const std::variant<InputDirectory, InputRepository> store_;
};

}  // namespace gantry::publish

#endif  // GANTRY_RELEASE_PUBLISH_INPUT_STORE_H_
