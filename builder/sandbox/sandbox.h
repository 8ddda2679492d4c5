#ifndef GANTRY_BUILDER_SANDBOX_SANDBOX_H_
#define GANTRY_BUILDER_SANDBOX_SANDBOX_H_

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/subprocess.h"

namespace gantry::sandbox {

// What the programs in a sandbox see.
struct SandboxOptions {
  // Folder that becomes "/", read-only.  It must belong to this process's
  // user, and have the folders of PrepareSandboxRoot().
  std::string root;

  // Folder that becomes /build, writable, and the working directory.
  std::string build_directory;

  // The whole environment, except PATH, HOME and PWD.
  std::map<std::string, std::string> environment;
};

// Creates the mount points that Sandbox needs in a folder that is to be a root.
absl::Status PrepareSandboxRoot(const std::string& root);

// Runs programs in another root file system, with bubblewrap: no network, own
// process, IPC and host name spaces, no capabilities, a fresh /tmp, user and
// group id 0 as seen from inside.  Works as root and as any user that may
// create user namespaces, also inside Bazel's linux-sandbox.  Guards against
// accidents, not against a hostile program.
class Sandbox {
 public:
  // Finds out what this machine permits.  FAILED_PRECONDITION, with
  // bubblewrap's own message, if no sandbox can be had.  Runs /bin/sh in the
  // new root to find out.
  static absl::StatusOr<Sandbox> Create(SandboxOptions options);

  // Runs a program (looked up on the sandbox's PATH) to its end; standard error
  // is part of the output.  `on_output` as in SubprocessOptions.
  absl::StatusOr<SubprocessResult> Run(
      const std::vector<std::string>& argv,
      std::function<void(absl::string_view)> on_output = nullptr) const;

 private:
  enum class Proc { kOwn, kOfHost };

  Sandbox(SandboxOptions options, Proc proc)
      : options_(std::move(options)), proc_(proc) {}

  SubprocessOptions CommandFor(const std::vector<std::string>& argv) const;

  const SandboxOptions options_;
  const Proc proc_;
};

}  // namespace gantry::sandbox

#endif  // GANTRY_BUILDER_SANDBOX_SANDBOX_H_
