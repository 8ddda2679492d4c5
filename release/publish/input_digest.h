#ifndef GANTRY_RELEASE_PUBLISH_INPUT_DIGEST_H_
#define GANTRY_RELEASE_PUBLISH_INPUT_DIGEST_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace gantry::publish {

// The digest of an input, as RemoteFile.digest has it: "sha256:<64 lowercase
// hex digits>" or "sha512:<128 lowercase hex digits>".
struct InputDigest {
  std::string algorithm;
  std::string hex;
};

// A file of an input store.
struct StoredInput {
  // As RemoteFile.digest.
  std::string digest;
  // When it was put.
  absl::Time time;
};

// INVALID_ARGUMENT: the text is not of that form.
absl::StatusOr<InputDigest> ParseInputDigest(absl::string_view text);

std::string FormatInputDigest(const InputDigest& digest);

// DATA_LOSS, naming both digests: the file has another one.
absl::Status CheckInputDigest(const InputDigest& expected,
                              const std::string& path);

}  // namespace gantry::publish

#endif  // GANTRY_RELEASE_PUBLISH_INPUT_DIGEST_H_
