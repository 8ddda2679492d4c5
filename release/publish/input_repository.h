#ifndef GANTRY_RELEASE_PUBLISH_INPUT_REPOSITORY_H_
#define GANTRY_RELEASE_PUBLISH_INPUT_REPOSITORY_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "release/publish/input_digest.h"

namespace gantry::publish {

// An input store in a repository of a registry.  Each input is an artifact (OCI
// image specification 1.1, "Guidelines for Artifact Usage"):
//
//   tag            "input-<algorithm>-<the digest's first 64 hex digits>": tags
//                  have at most 128 characters
//   artifactType   application/vnd.gantry.input.v1
//   config         application/vnd.oci.empty.v1+json
//   layers         one, application/octet-stream: the file
//   annotations    org.opencontainers.image.title: the file's base name
//                  org.opencontainers.image.created: when it was put, RFC 3339
//                  gantry.input.digest: its digest
//
// See InputStore for the methods.
class InputRepository {
 public:
  explicit InputRepository(std::string repository)
      : repository_(std::move(repository)) {}

  absl::StatusOr<std::vector<InputDigest>> FindMissing(
      const std::vector<InputDigest>& digests) const;
  absl::Status Put(const InputDigest& digest, const std::string& path) const;
  absl::StatusOr<std::vector<StoredInput>> List() const;
  absl::Status Remove(const InputDigest& digest) const;

 private:
  absl::Status Push(const InputDigest& digest, const std::string& path) const;

  std::string repository_;
};

}  // namespace gantry::publish

#endif  // GANTRY_RELEASE_PUBLISH_INPUT_REPOSITORY_H_
