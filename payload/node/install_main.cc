// The entrypoint of every payload image: installs the payload on the host.

#include <signal.h>

#include <atomic>
#include <cstdio>
#include <iostream>
#include <string>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/program.h"
#include "payload/node/exit_code.h"
#include "payload/node/install_result.h"
#include "payload/node/installer.h"

ABSL_FLAG(std::string, image_root, "/",
          "directory with gantry/manifest.binpb and payload/");
ABSL_FLAG(std::string, rootfs, "/rootfs", "root of the host");
ABSL_FLAG(std::string, kernel_release, "",
          "kernel release that the host will run; default: the running one");
ABSL_FLAG(
    bool, verify, false,
    "hash installed files instead of checking only their sizes and modes");
ABSL_FLAG(bool, dry_run, false, "print what would be done, and change nothing");
ABSL_FLAG(bool, ldconfig, true, "run the host's ldconfig, if it has one");
ABSL_FLAG(bool, json, false, "print the result as a JSON object");

namespace gantry::node {
namespace {

constexpr char kUsage[] =
    "Installs this image's driver and CUDA toolkit on a host:\n"
    "  podman run --rm --privileged -v /:/rootfs IMAGE [flags]\n"
    "Exit codes:\n"
    "  0      installed, or already installed\n"
    "  1      other error\n"
    "  2      wrong flags, or no host root\n"
    "  3      the payload is for another OS release or kernel\n"
    "  4      not enough space\n"
    "  5      another installer is running\n"
    "  6      damaged payload\n"
    "  7      refused to replace something that was not installed by an image\n"
    "  8      refused to remove a directory that something is mounted in\n"
    "  128+N  stopped by signal N";

// The bytes of an image do not depend on the version that made it.
constexpr char kPayloadVersion[] =
    "(part of a payload image, which its digest identifies)";

// The signal that was received but not acted on, and the one that stopped the
// installation.
std::atomic<int> pending_signal{0};
std::atomic<int> stopping_signal{0};

void OnSignal(int number) { pending_signal = number; }

// Reports a signal once: the error ends the installation, whose clean-up may
// then change files again.
absl::Status StopOnSignal(absl::string_view, absl::string_view) {
  const int number = pending_signal.exchange(0);
  if (number == 0) return absl::OkStatus();
  stopping_signal = number;
  return absl::CancelledError(absl::StrCat("stopped by signal ", number));
}

InstallOptions OptionsFromFlags() {
  InstallOptions options;
  options.image_root = absl::GetFlag(FLAGS_image_root);
  options.rootfs = absl::GetFlag(FLAGS_rootfs);
  options.kernel_release = absl::GetFlag(FLAGS_kernel_release);
  options.verify = absl::GetFlag(FLAGS_verify);
  options.dry_run = absl::GetFlag(FLAGS_dry_run);
  options.run_ldconfig = absl::GetFlag(FLAGS_ldconfig);
  options.progress_stream = stderr;
  options.before_operation = StopOnSignal;
  return options;
}

int Fail(const absl::Status& status) {
  std::cerr << "install: " << status.message() << "\n";
  if (absl::IsCancelled(status)) return 128 + stopping_signal;
  return static_cast<int>(ExitCodeOf(status));
}

int Run(int argc, char** argv) {
  ParseFlags(
      {"install", kUsage, kPayloadVersion, static_cast<int>(ExitCode::kUsage)},
      argc, argv);
  for (int number : {SIGINT, SIGTERM, SIGHUP}) signal(number, OnSignal);
  const absl::StatusOr<InstallResult> result = Install(OptionsFromFlags());
  if (!result.ok()) return Fail(result.status());
  for (const std::string& warning : result->warnings) {
    std::cerr << "install: warning: " << warning << "\n";
  }
  if (absl::GetFlag(FLAGS_json)) {
    const absl::StatusOr<std::string> json = FormatResultAsJson(*result);
    if (!json.ok()) return Fail(json.status());
    std::cout << *json;
  } else if (absl::GetFlag(FLAGS_dry_run)) {
    std::cout << result->plan;
  } else {
    std::cout << FormatSummary(*result) << "\n";
  }
  return static_cast<int>(ExitCode::kOk);
}

}  // namespace
}  // namespace gantry::node

int main(int argc, char** argv) { return gantry::node::Run(argc, argv); }
