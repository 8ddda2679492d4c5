#include "tests/e2e/podman.h"

#include <sys/mount.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status_macros.h"

namespace gantry::e2e {
namespace {

// podman's default limits exceed those of a container that runs this test.
constexpr char kConfig[] = "[containers]\ndefault_ulimits = []\n";
constexpr char kConfigName[] = "containers.conf";

}  // namespace

absl::StatusOr<Podman> Podman::Create(const std::string& directory) {
  GANTRY_RETURN_IF_ERROR(
      WriteFileAtomically(JoinPath(directory, kConfigName), kConfig));
  GANTRY_RETURN_IF_ERROR(CreateDirectories(JoinPath(directory, "tmp")));
  GANTRY_ASSIGN_OR_RETURN(TempDir run_root, TempDir::Create("/tmp"));
  return Podman(directory, std::move(run_root));
}

Podman::~Podman() {
  umount2(JoinPath(directory_, "root/overlay").c_str(), MNT_DETACH);
}

absl::StatusOr<SubprocessResult> Podman::Run(
    const std::vector<std::string>& arguments) const {
  SubprocessOptions options;
  options.argv = {
      "podman",
      absl::StrCat("--root=", JoinPath(directory_, "root")),
      absl::StrCat("--runroot=", run_root_.path()),
      absl::StrCat("--tmpdir=", JoinPath(run_root_.path(), "libpod")),
      "--runtime=/usr/sbin/runc",
      "--cgroup-manager=cgroupfs",
      "--events-backend=none"};
  options.argv.insert(options.argv.end(), arguments.begin(), arguments.end());
  options.environment = {
      {"CONTAINERS_CONF", JoinPath(directory_, kConfigName)},
      {"HOME", directory_},
      {"TMPDIR", JoinPath(directory_, "tmp")},
      {"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}};
  return RunSubprocess(options);
}

absl::Status Podman::Pull(const std::string& reference) const {
  GANTRY_ASSIGN_OR_RETURN(
      const SubprocessResult result,
      Run({"pull", "--quiet", "--tls-verify=false", reference}));
  if (result.exit_code == 0) return absl::OkStatus();
  return absl::InternalError(
      absl::StrCat("podman pull ", reference, ": ", result.error_output));
}

absl::StatusOr<SubprocessResult> Podman::RunOnRootfs(
    const std::string& reference, const std::string& rootfs,
    const std::vector<std::string>& arguments) const {
  std::vector<std::string> run = {"run",
                                  "--rm",
                                  "--privileged",
                                  "--network=none",
                                  absl::StrCat("--volume=", rootfs, ":/rootfs"),
                                  reference};
  run.insert(run.end(), arguments.begin(), arguments.end());
  return Run(run);
}

}  // namespace gantry::e2e
