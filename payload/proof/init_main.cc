// The init of the guest in which modules are proved: loads the modules that
// /plan lists, reports each step on the console (see console_record.h), and
// reboots, which ends the guest.
//
// /plan: the nonce on the first line, and the path of a module on each other.

#include <fcntl.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "payload/proof/console_record.h"

namespace gantry::proof {
namespace {

using Type = ConsoleRecord::Type;

// Limits for each step.  Only the first and the last lines of a verbose module
// are reported.  A register dump has up to 60 lines, and the reason for a
// refusal comes after it.
constexpr size_t kFirstLogLines = 100;
constexpr size_t kLastLogLines = 100;
constexpr size_t kMaxLogLineLength = 300;

// syslog(2): SYSLOG_ACTION_CONSOLE_LEVEL.
constexpr int kSetConsoleLevel = 8;

class Console {
 public:
  Console(int fd, std::string nonce) : fd_(fd), nonce_(std::move(nonce)) {}

  // Writes a record and waits until it is sent, so that a crash in the next
  // step cannot lose it.
  void Report(Type type, uint64_t argument, std::string_view text) {
    const std::string line = FormatConsoleRecord(
        nonce_, {sequence_++, type, argument, std::string(text)});
    std::string_view rest = line;
    while (!rest.empty()) {
      const ssize_t written = write(fd_, rest.data(), rest.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) break;  // The host notices the missing sequence number.
      rest.remove_prefix(static_cast<size_t>(written));
    }
    tcdrain(fd_);
  }

 private:
  const int fd_;
  const std::string nonce_;
  uint64_t sequence_ = 0;
};

std::string ReadFile(const char* path) {
  std::string content;
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  char buffer[4096];
  for (ssize_t n; (n = read(fd, buffer, sizeof(buffer))) > 0;) {
    content.append(buffer, static_cast<size_t>(n));
  }
  if (fd >= 0) close(fd);
  return content;
}

std::vector<std::string> SplitLines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    if (end != 0) lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
  return lines;
}

// Returns the lines that the kernel has logged since the last call.  The format
// is documented in the kernel's Documentation/ABI/testing/dev-kmsg.
std::vector<std::string> ReadLog(int kmsg) {
  std::vector<std::string> lines;
  char buffer[8192];
  while (true) {
    const ssize_t size = read(kmsg, buffer, sizeof(buffer));
    if (size < 0 && (errno == EPIPE || errno == EINTR)) continue;
    if (size <= 0) return lines;
    std::string_view record(buffer, static_cast<size_t>(size));
    const size_t text = record.find(';');
    if (text == record.npos) continue;
    record.remove_prefix(text + 1);
    lines.emplace_back(
        record.substr(0, record.find('\n')).substr(0, kMaxLogLineLength));
  }
}

void ReportLog(const std::vector<std::string>& lines, size_t step,
               Console& console) {
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i < kFirstLogLines || i + kLastLogLines >= lines.size()) {
      console.Report(Type::kLog, step, lines[i]);
    }
  }
}

// Returns 0 or an errno.
int LoadModule(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno;
  const long result = syscall(SYS_finit_module, fd, "", 0);
  const int error_number = result == 0 ? 0 : errno;
  close(fd);
  return error_number;
}

void Run() {
  mkdir("/proc", 0755);
  mkdir("/sys", 0755);
  mount("proc", "/proc", "proc", 0, nullptr);
  mount("sysfs", "/sys", "sysfs", 0, nullptr);
  // May fail: without devtmpfs, the nodes in the initramfs are enough.
  mount("devtmpfs", "/dev", "devtmpfs", 0, nullptr);
  // From now on the kernel writes only emergencies to the console; what it logs
  // is reported in records.
  klogctl(kSetConsoleLevel, nullptr, 1);

  std::vector<std::string> plan = SplitLines(ReadFile("/plan"));
  if (plan.empty()) return;
  Console console(open("/dev/console", O_WRONLY | O_CLOEXEC | O_NOCTTY),
                  plan.front());
  plan.erase(plan.begin());
  const int kmsg = open("/dev/kmsg", O_RDONLY | O_CLOEXEC | O_NONBLOCK);

  utsname name = {};
  uname(&name);
  console.Report(Type::kHello, plan.size(), name.release);
  ReadLog(kmsg);  // Skips the log of the boot.
  for (size_t step = 0; step < plan.size(); ++step) {
    console.Report(Type::kBegin, step, "");
    const int error_number = LoadModule(plan[step]);
    ReportLog(ReadLog(kmsg), step, console);
    console.Report(Type::kResult, static_cast<uint64_t>(error_number),
                   std::to_string(step));
  }
  console.Report(Type::kBye, plan.size(), "");
}

}  // namespace
}  // namespace gantry::proof

int main() {
  gantry::proof::Run();
  sync();
  // QEMU runs with -no-reboot, so a reboot ends it.  Unlike a power-off, it
  // does not require ACPI.
  reboot(RB_AUTOBOOT);
  while (true) pause();
}
