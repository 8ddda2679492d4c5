// The entrypoint of every payload image: installs the payload on the host.

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "payload/node/exit_code.h"
#include "payload/node/installer.h"

ABSL_FLAG(std::string, image_root, "/",
          "folder with gantry/manifest.binpb and payload/");
ABSL_FLAG(std::string, rootfs, "/rootfs", "root of the host");
ABSL_FLAG(std::string, kernel_release, "",
          "kernel that the host will run; by default the running one");
ABSL_FLAG(bool, verify, false, "hash what is installed already");
ABSL_FLAG(bool, dry_run, false, "print what would be done and do nothing");
ABSL_FLAG(bool, ldconfig, true, "run the host's ldconfig, if it has one");
ABSL_FLAG(bool, json, false, "print the result as one JSON object");

namespace {

constexpr char kUsage[] =
    "Installs this image's driver and CUDA toolkit on a host:\n"
    "  podman run --rm --privileged -v /:/rootfs IMAGE [flags]\n"
    "Exit codes: 0 installed, or already installed; 1 other error; 2 wrong "
    "flags or no host root; 3 payload of another OS release or kernel; 4 too "
    "little space; 5 another installer is at work; 6 damaged payload; 7 a "
    "path that this image would replace was not installed by an image like it; "
    "8 something is mounted below a directory to be removed; 128+N stopped by "
    "signal N.";

// The signal that nobody has acted on yet, and the one that stopped us.
std::atomic<int> pending_signal{0};
std::atomic<int> stopping_signal{0};

void OnSignal(int number) { pending_signal = number; }

// Reports each signal once: the error ends the installation, and what it
// cleans up afterwards may change files again.
absl::Status StopOnSignal(absl::string_view, absl::string_view) {
  const int number = pending_signal.exchange(0);
  if (number == 0) return absl::OkStatus();
  stopping_signal = number;
  return absl::CancelledError(absl::StrCat("stopped by signal ", number));
}

// Abseil ends the program with 1 for wrong flags, which means something else
// here, and for --help.
std::atomic<bool> parsing_flags{false};
std::atomic<bool> asked_for_help{false};

void ExitAsUsage() {
  if (!parsing_flags) return;
  std::cout.flush();
  std::fflush(nullptr);
  _exit(static_cast<int>(asked_for_help ? gantry::node::ExitCode::kOk
                                        : gantry::node::ExitCode::kUsage));
}

bool IsHelpFlag(absl::string_view argument) {
  return absl::StartsWith(argument, "--help") ||
         absl::StartsWith(argument, "-help") || argument == "--version";
}

bool ParseFlags(int argc, char** argv) {
  absl::SetProgramUsageMessage(kUsage);
  std::atexit(ExitAsUsage);
  asked_for_help = std::any_of(argv, argv + argc, IsHelpFlag);
  parsing_flags = true;
  const bool no_arguments = absl::ParseCommandLine(argc, argv).size() == 1;
  parsing_flags = false;
  return no_arguments;
}

gantry::node::InstallOptions OptionsFromFlags() {
  gantry::node::InstallOptions options;
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
  return static_cast<int>(gantry::node::ExitCodeOf(status));
}

}  // namespace

int main(int argc, char** argv) {
  if (!ParseFlags(argc, argv)) {
    return Fail(gantry::node::WithExitCode(
        absl::InvalidArgumentError("takes flags only; see --help"),
        gantry::node::ExitCode::kUsage));
  }
  for (int number : {SIGINT, SIGTERM, SIGHUP}) signal(number, OnSignal);
  const absl::StatusOr<gantry::node::InstallResult> result =
      gantry::node::Install(OptionsFromFlags());
  if (!result.ok()) return Fail(result.status());
  for (const std::string& warning : result->warnings) {
    std::cerr << "install: warning: " << warning << "\n";
  }
  if (absl::GetFlag(FLAGS_json)) {
    const absl::StatusOr<std::string> json = gantry::node::ResultJson(*result);
    if (!json.ok()) return Fail(json.status());
    std::cout << *json;
  } else if (absl::GetFlag(FLAGS_dry_run)) {
    std::cout << result->plan;
  } else {
    std::cout << gantry::node::FormatSummary(*result) << "\n";
  }
  return static_cast<int>(gantry::node::ExitCode::kOk);
}
