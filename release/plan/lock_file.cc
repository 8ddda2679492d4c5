#include "release/plan/lock_file.h"

#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "release/plan/lock_format.h"

namespace gantry::plan {
namespace {

// Atomically makes `link` a symbolic link to `target`.
absl::Status ReplaceLink(const std::string& target, const std::string& link) {
  const std::string temporary = absl::StrCat(link, ".", getpid());
  unlink(temporary.c_str());
  if (symlink(target.c_str(), temporary.c_str()) != 0) {
    return ErrnoStatus(errno, temporary);
  }
  if (rename(temporary.c_str(), link.c_str()) != 0) {
    const int error = errno;
    unlink(temporary.c_str());
    return ErrnoStatus(error, link);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> WriteLock(const matrix::v1::Lock& lock,
                                      const StateDir& state) {
  GANTRY_ASSIGN_OR_RETURN(const std::string path,
                          WriteLockByContent(lock, state.locks_path()));

  // `common`, because query and fetch load repositories too.
  GANTRY_RETURN_IF_ERROR(WriteFileAtomically(
      state.bazelrc_path(),
      absl::StrCat("common --repo_env=GANTRY_LOCK=", path, "\n")));
  const std::string name = std::filesystem::path(path).filename();
  GANTRY_RETURN_IF_ERROR(
      ReplaceLink(absl::StrCat("locks/", name), state.lock_path()));
  return path;
}

}  // namespace gantry::plan
