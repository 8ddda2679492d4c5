#include "release/plan/lock_format.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/json.h"
#include "base/status_macros.h"

namespace gantry::plan {
namespace {

using ::gantry::matrix::v1::Lock;
using ::gantry::matrix::v1::LockFile;

constexpr size_t kNameDigits = 16;

}  // namespace

absl::StatusOr<std::string> WriteLockByContent(const Lock& lock,
                                               const std::string& directory) {
  LockFile file;
  file.set_schema(kLockSchema);
  *file.mutable_lock() = lock;
  GANTRY_ASSIGN_OR_RETURN(const std::string text,
                          FormatJson(file, JsonFields::kSet));
  GANTRY_RETURN_IF_ERROR(CreateDirectories(directory));
  const std::string path = JoinPath(
      directory,
      absl::StrCat(DigestHex(Sha256Digest(text)).substr(0, kNameDigits),
                   ".json"));
  GANTRY_RETURN_IF_ERROR(WriteFileAtomically(path, text));
  return path;
}

absl::StatusOr<Lock> ReadLock(const std::string& path) {
  GANTRY_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  LockFile file;
  GANTRY_RETURN_IF_ERROR(ParseJson(text, path, file));
  if (file.schema() != kLockSchema) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, ": the lock has schema ", file.schema(), ", not ", kLockSchema,
        "; run discovery again (bazel run //release:discover)"));
  }
  return std::move(*file.mutable_lock());
}

}  // namespace gantry::plan
