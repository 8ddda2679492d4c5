#include "payload/proof/guest.h"

#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/subprocess.h"

namespace gantry::proof {
namespace {

constexpr size_t kMebibyte = 1 << 20;

// Room for the kernel, the archive, its unpacked files, and the loaded modules.
size_t MemoryMebibytes(size_t initramfs_size) {
  return 512 + 4 * (initramfs_size / kMebibyte);
}

std::vector<std::string> CommandLine(const GuestOptions& options) {
  const bool kvm = options.accelerator == Accelerator::kKvm;
  return {
      options.qemu,
      // microvm is not faster, requires CONFIG_PVH, and hangs with some kernels
      // (6.1) unless many of its devices are disabled.
      "-machine",
      "q35",
      "-accel",
      std::string(AcceleratorName(options.accelerator)),
      "-cpu",
      kvm ? "host" : "max",
      "-m",
      absl::StrCat(MemoryMebibytes(options.initramfs_size)),
      "-nodefaults",
      "-no-user-config",
      "-no-reboot",
      "-display",
      "none",
      "-serial",
      "stdio",
      "-kernel",
      options.kernel_image,
      "-initrd",
      options.initramfs,
      // panic=-1: reboot immediately, which ends QEMU because of -no-reboot.
      // reboot=t: by a triple fault, which works on every machine.
      "-append",
      "console=ttyS0,115200 panic=-1 oops=panic reboot=t rdinit=/init",
  };
}

}  // namespace

absl::string_view AcceleratorName(Accelerator accelerator) {
  return accelerator == Accelerator::kKvm ? "kvm" : "tcg";
}

absl::StatusOr<GuestRun> RunGuest(const GuestOptions& options) {
  GuestRun run;
  SubprocessOptions subprocess;
  subprocess.argv = CommandLine(options);
  subprocess.timeout = options.timeout;
  subprocess.on_output = [&](absl::string_view output) {
    run.console.append(output.data(), output.size());
    if (options.on_console) options.on_console(output);
  };
  const absl::Time start = absl::Now();
  const auto result = RunSubprocess(subprocess);
  run.duration = absl::Now() - start;
  if (result.ok() && result->exit_code != 0) {
    run.end = absl::InternalError(
        absl::StrCat(options.qemu, " exited with ", result->exit_code, ": ",
                     absl::StripAsciiWhitespace(result->error_output)));
  } else if (absl::IsDeadlineExceeded(result.status())) {
    run.end = absl::DeadlineExceededError(
        absl::StrCat("killed after ", absl::FormatDuration(options.timeout)));
  } else if (!result.ok()) {
    return result.status();
  }
  return run;
}

}  // namespace gantry::proof
