#include "release/plan/lock_file.h"

#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "base/textproto.h"

namespace gantry::plan {
namespace {

constexpr size_t kNameDigits = 16;

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
  const std::string text = FormatTextProto(lock);
  const std::string name = absl::StrCat(
      DigestHex(Sha256Digest(text)).substr(0, kNameDigits), ".textproto");
  GANTRY_RETURN_IF_ERROR(CreateDirectories(state.locks_path()));
  const std::string path = JoinPath(state.locks_path(), name);
  GANTRY_RETURN_IF_ERROR(WriteFileAtomically(path, text));

  // `common`, because query and fetch load repositories too.
  GANTRY_RETURN_IF_ERROR(WriteFileAtomically(
      state.bazelrc_path(),
      absl::StrCat("common --repo_env=GANTRY_LOCK=", path, "\n")));
  GANTRY_RETURN_IF_ERROR(
      ReplaceLink(absl::StrCat("locks/", name), state.lock_path()));
  return path;
}

}  // namespace gantry::plan
