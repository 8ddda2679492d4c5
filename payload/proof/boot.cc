#include "payload/proof/boot.h"

#include <unistd.h>

#include <optional>
#include <random>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "base/temp_dir.h"
#include "payload/proof/initramfs.h"

namespace gantry::proof {
namespace {

// With working KVM, a kernel starts its init within a second or two.
constexpr absl::Duration kTrialTimeout = absl::Seconds(8);

std::string NewNonce() {
  std::random_device random;
  return absl::StrFormat("%08x%08x", random(), random());
}

// Passes on the records of complete lines.
class RecordListener {
 public:
  RecordListener(std::string nonce,
                 std::function<void(const ConsoleRecord&)> on_record)
      : nonce_(std::move(nonce)), on_record_(std::move(on_record)) {}

  void operator()(absl::string_view output) {
    for (const char c : output) {
      if (c != '\n') {
        line_.push_back(c);
        continue;
      }
      const std::optional<ConsoleRecord> record =
          ParseConsoleRecord(nonce_, line_);
      if (record && on_record_) on_record_(*record);
      line_.clear();
    }
  }

 private:
  const std::string nonce_;
  const std::function<void(const ConsoleRecord&)> on_record_;
  std::string line_;
};

absl::StatusOr<Boot> BootOnce(const BootOptions& options,
                              Accelerator accelerator, absl::Duration timeout,
                              absl::string_view init,
                              const std::vector<absl::string_view>& modules) {
  const std::string nonce = NewNonce();
  GANTRY_ASSIGN_OR_RETURN(const std::string initramfs,
                          MakeInitramfs(init, nonce, modules));
  GANTRY_ASSIGN_OR_RETURN(const TempDir directory, TempDir::Create());
  GuestOptions guest;
  guest.qemu = options.qemu;
  guest.accelerator = accelerator;
  guest.kernel_image = options.kernel_image;
  guest.initramfs = JoinPath(directory.path(), "initramfs.cpio");
  guest.initramfs_size = initramfs.size();
  guest.timeout = timeout;
  guest.on_console = RecordListener(nonce, options.on_record);
  GANTRY_RETURN_IF_ERROR(WriteFileAtomically(guest.initramfs, initramfs));
  Boot boot;
  boot.accelerator = accelerator;
  GANTRY_ASSIGN_OR_RETURN(boot.run, RunGuest(guest));
  boot.console = ParseBootConsole(boot.run.console, nonce, modules.size());
  return boot;
}

// Tries KVM, because even if /dev/kvm can be opened, QEMU may abort or the
// guest may hang.
absl::StatusOr<Accelerator> ChooseAccelerator(const BootOptions& options,
                                              absl::string_view init) {
  if (options.accelerator == AcceleratorChoice::kKvm) return Accelerator::kKvm;
  if (options.accelerator == AcceleratorChoice::kTcg ||
      access("/dev/kvm", R_OK | W_OK) != 0) {
    return Accelerator::kTcg;
  }
  BootOptions trial = options;
  trial.on_record = nullptr;
  GANTRY_ASSIGN_OR_RETURN(const Boot boot, BootOnce(trial, Accelerator::kKvm,
                                                    kTrialTimeout, init, {}));
  return boot.run.end.ok() && boot.console.finished ? Accelerator::kKvm
                                                    : Accelerator::kTcg;
}

}  // namespace

absl::StatusOr<Boot> BootModules(
    const BootOptions& options, const std::vector<absl::string_view>& modules) {
  GANTRY_ASSIGN_OR_RETURN(const std::string init, ReadFile(options.init));
  GANTRY_ASSIGN_OR_RETURN(const Accelerator accelerator,
                          ChooseAccelerator(options, init));
  return BootOnce(options, accelerator, options.timeout, init, modules);
}

}  // namespace gantry::proof
