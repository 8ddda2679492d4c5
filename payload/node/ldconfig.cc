#include "payload/node/ldconfig.h"

#include <stdlib.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace gantry::node {
namespace {

// Relative to the root.
constexpr const char* kPrograms[] = {"sbin/ldconfig", "usr/sbin/ldconfig"};
// The child's exit code if it could not start ldconfig.
constexpr int kNotStarted = 127;

// Runs in the child, where only async-signal-safe calls are allowed.
[[noreturn]] void ExecInRoot(int root, const char* program) {
  char* const argv[] = {const_cast<char*>("ldconfig"), nullptr};
  char* const environment[] = {const_cast<char*>("PATH=/usr/sbin:/usr/bin"),
                               nullptr};
  if (fchdir(root) == 0 && chroot(".") == 0) {
    execve(program, argv, environment);
  }
  _exit(kNotStarted);
}

}  // namespace

absl::optional<std::string> FindLdconfig(const Directory& rootfs) {
  for (const char* program : kPrograms) {
    if (rootfs.ReadFile(program).ok()) return program;
  }
  return absl::nullopt;
}

absl::Status RunLdconfig(const Directory& rootfs) {
  const absl::optional<std::string> program = FindLdconfig(rootfs);
  if (!program.has_value()) return absl::OkStatus();
  const pid_t child = fork();
  if (child < 0) return ErrnoStatus(errno, "fork");
  if (child == 0) ExecInRoot(rootfs.fd(), program->c_str());
  int state = 0;
  while (waitpid(child, &state, 0) < 0) {
    if (errno != EINTR) return ErrnoStatus(errno, "waitpid");
  }
  if (WIFEXITED(state) && WEXITSTATUS(state) == 0) return absl::OkStatus();
  if (WIFEXITED(state) && WEXITSTATUS(state) == kNotStarted) {
    return absl::PermissionDeniedError(absl::StrCat(
        "cannot run ", rootfs.path(), "/", *program, " in its root"));
  }
  return absl::InternalError(absl::StrCat(
      rootfs.path(), "/", *program, " exited with ",
      WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state)));
}

}  // namespace gantry::node
