#include "release/plan/current_lock.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "base/status_macros.h"
#include "release/plan/lock_file.h"
#include "release/plan/lock_format.h"
#include "release/plan/matrix_digest.h"

namespace gantry::plan {
namespace {

// The lock in the state directory, if it was made from this matrix and the
// files that it names, and with the current schema.
absl::StatusOr<absl::optional<CurrentLock>> FindLock(
    absl::string_view matrix_digest, const StateDir& state) {
  std::error_code error;
  CurrentLock current;
  current.path = std::filesystem::canonical(state.lock_path(), error);
  if (error) return absl::nullopt;
  absl::StatusOr<matrix::v1::Lock> read = ReadLock(current.path);
  if (absl::IsInvalidArgument(read.status())) return absl::nullopt;
  GANTRY_RETURN_IF_ERROR(read.status());
  current.lock = *std::move(read);
  if (current.lock.matrix_digest() != matrix_digest) return absl::nullopt;
  return absl::optional<CurrentLock>(std::move(current));
}

}  // namespace

absl::StatusOr<CurrentLock> FindOrDiscoverLock(const DiscoverOptions& options,
                                               const StateDir& state) {
  GANTRY_ASSIGN_OR_RETURN(const std::string digest,
                          MatrixDigest(options.matrix_path));
  GANTRY_ASSIGN_OR_RETURN(absl::optional<CurrentLock> found,
                          FindLock(digest, state));
  if (found.has_value() && found->lock.failed_channels().empty()) {
    return *std::move(found);
  }
  if (options.progress) {
    options.progress(
        absl::StrCat("discovering releases for ", options.matrix_path));
  }
  CurrentLock current;
  current.is_new = true;
  if (found.has_value()) {
    GANTRY_ASSIGN_OR_RETURN(current.lock,
                            RetryFailedChannels(options, found->lock, state));
  } else {
    GANTRY_ASSIGN_OR_RETURN(current.lock, Discover(options, state));
  }
  GANTRY_ASSIGN_OR_RETURN(current.path, WriteLock(current.lock, state));
  return current;
}

}  // namespace gantry::plan
