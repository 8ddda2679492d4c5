#include "builder/sandbox/sandbox.h"

#include <unistd.h>

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status.h"
#include "base/status_macros.h"

namespace gantry::sandbox {

absl::Status PrepareSandboxRoot(const std::string& root) {
  for (const char* mount_point : {"build", "dev", "proc", "tmp"}) {
    GANTRY_RETURN_IF_ERROR(CreateDirectories(JoinPath(root, mount_point)));
  }
  return absl::OkStatus();
}

absl::StatusOr<Sandbox> Sandbox::Create(SandboxOptions options) {
  std::string error;
  // In some containers the kernel does not permit to mount a new /proc, because
  // the engine hides parts of the existing one.
  for (Proc proc : {Proc::kNew, Proc::kHost}) {
    Sandbox sandbox(options, proc);
    GANTRY_ASSIGN_OR_RETURN(const SubprocessResult result,
                            sandbox.Run({"/bin/sh", "-c", ":"}));
    if (result.exit_code == 0) return sandbox;
    error = std::string(absl::StripAsciiWhitespace(result.output));
  }
  return absl::FailedPreconditionError(
      absl::StrCat("sandboxing is unavailable: ", error));
}

absl::StatusOr<SubprocessResult> Sandbox::Run(
    const std::vector<std::string>& argv,
    std::function<void(absl::string_view)> on_output) const {
  SubprocessOptions command = CommandFor(argv);
  command.on_output = std::move(on_output);
  absl::StatusOr<SubprocessResult> result = RunSubprocess(command);
  if (!result.ok()) return Annotate(result.status(), "sandbox");
  return result;
}

SubprocessOptions Sandbox::CommandFor(
    const std::vector<std::string>& argv) const {
  SubprocessOptions command;
  command.argv = {"bwrap",
                  "--unshare-net",
                  "--unshare-pid",
                  "--unshare-ipc",
                  "--unshare-uts",
                  "--unshare-cgroup-try",
                  "--hostname",
                  "gantry",
                  "--cap-drop",
                  "ALL",
                  "--die-with-parent",
                  "--new-session"};
  std::vector<std::string>& args = command.argv;
  // Root needs no user namespace, and may not be permitted to create one.
  if (geteuid() != 0) {
    args.insert(args.end(), {"--unshare-user", "--uid", "0", "--gid", "0"});
  }
  args.insert(args.end(), {"--ro-bind", options_.root, "/"});
  if (proc_ == Proc::kNew) {
    args.insert(args.end(), {"--proc", "/proc"});
  } else {
    args.insert(args.end(), {"--ro-bind", "/proc", "/proc"});
  }
  args.insert(args.end(), {"--dev", "/dev", "--tmpfs", "/tmp", "--bind",
                           options_.build_directory, "/build", "--chdir",
                           "/build", "--clearenv"});
  std::map<std::string, std::string> environment = options_.environment;
  environment["PATH"] =
      "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  environment["HOME"] = "/tmp";
  for (const auto& [name, value] : environment) {
    args.insert(args.end(), {"--setenv", name, value});
  }
  args.push_back("--");
  args.insert(args.end(), argv.begin(), argv.end());
  command.merge_stderr = true;
  return command;
}

}  // namespace gantry::sandbox
