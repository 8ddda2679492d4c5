#ifndef GANTRY_RELEASE_PLAN_INPUT_FILES_H_
#define GANTRY_RELEASE_PLAN_INPUT_FILES_H_

#include <string>
#include <vector>

#include "proto/lock.pb.h"

namespace gantry::plan {

// A file that a build downloads.
struct InputFile {
  // As repository rules name it (builder/private/remote_file.bzl).
  // Examples: "g++_12-1_amd64.deb",
  // "flatcar_developer_container.bin.bz2.gantry-signature".
  std::string name;
  // "sha256:<hex>" or "sha512:<hex>".
  std::string digest;
};

// The files of everything in a lock, and their signatures if the lock has their
// digests.  Each digest once, ordered.
std::vector<InputFile> InputFilesOf(const matrix::v1::Lock& lock);

}  // namespace gantry::plan

#endif  // GANTRY_RELEASE_PLAN_INPUT_FILES_H_
