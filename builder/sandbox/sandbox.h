#ifndef GANTRY_BUILDER_SANDBOX_SANDBOX_H_
#define GANTRY_BUILDER_SANDBOX_SANDBOX_H_

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/subprocess.h"

namespace gantry::sandbox {

// What programs in a sandbox have access to.
struct SandboxOptions {
  // Directory that becomes "/", read-only.  It must belong to this process's
  // user and have the mount points of PrepareSandboxRoot().
  std::string root;

  // Directory that becomes /build, writable, and is the working directory.
  std::string build_directory;

  // The whole environment, except PATH, HOME and PWD.
  std::map<std::string, std::string> environment;
};

// Creates the mount points that Sandbox needs in a root directory.
absl::Status PrepareSandboxRoot(const std::string& root);

// Runs programs in another root file system with bubblewrap: without network
// and capabilities, in new PID, IPC and UTS namespaces, with an empty /tmp and
// the user and group id 0.  Works as root and as any user that may create user
// namespaces, including inside Bazel's linux-sandbox.  Protects against
// accidents, not against hostile programs.
class Sandbox {
 public:
  // Tests which kind of sandbox this machine permits by running /bin/sh in the
  // root.  FAILED_PRECONDITION, with bubblewrap's message: sandboxing is
  // unavailable.
  static absl::StatusOr<Sandbox> Create(SandboxOptions options);

  // Runs a program (looked up on the sandbox's PATH) until it exits.  Standard
  // error is part of the output.  `on_output` as in SubprocessOptions.
  absl::StatusOr<SubprocessResult> Run(
      const std::vector<std::string>& argv,
      std::function<void(absl::string_view)> on_output = nullptr) const;

 private:
  enum class Proc { kNew, kHost };

  Sandbox(SandboxOptions options, Proc proc)
      : options_(std::move(options)), proc_(proc) {}

  SubprocessOptions CommandFor(const std::vector<std::string>& argv) const;

  const SandboxOptions options_;
  const Proc proc_;
};

}  // namespace gantry::sandbox

#endif  // GANTRY_BUILDER_SANDBOX_SANDBOX_H_
