#include "payload/proof/refusal_message.h"

#include <cstddef>
#include <cstring>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "base/modinfo.h"

namespace gantry::proof {
namespace {

// What the module loader logs if a module does not match the kernel
// (kernel/module/main.c, kernel/module/version.c).
constexpr absl::string_view kMismatches[] = {
    "version magic", "disagrees about version of symbol",
    "no symbol version for", "Unknown symbol", "exports duplicate symbol"};

// Notices about modules that may be accepted nevertheless
// (kernel/module/main.c).
constexpr absl::string_view kTaintNotices[] = {
    "taints kernel", "tainting kernel", "due to kernel taint"};

// How the lines of a register dump start (show_regs() in
// arch/x86/kernel/process_64.c, dump_stack_print_info() in lib/dump_stack.c).
constexpr absl::string_view kDumpPrefixes[] = {"---[ end trace",
                                               "CPU: ",
                                               "Hardware name: ",
                                               "Tainted: ",
                                               "Modules linked in:",
                                               "Workqueue:",
                                               "RIP: ",
                                               "Code: ",
                                               "RSP: ",
                                               "RAX: ",
                                               "RDX: ",
                                               "RBP: ",
                                               "R10: ",
                                               "R13: ",
                                               "FS: ",
                                               "CS: ",
                                               "CR2: ",
                                               "DR0: ",
                                               "DR3: ",
                                               "PKRU: ",
                                               "Call Trace:",
                                               " <"};

// The lines around the message of WARN() (__warn() in kernel/panic.c):
//   ------------[ cut here ]------------
//   <message, if there is one>
//   WARNING: CPU: 0 PID: 1 at <file>:<line> <function> [<module>]
constexpr absl::string_view kCutHere = "------------[ cut here ]";
constexpr absl::string_view kWarning = "WARNING: ";

bool ContainsAny(absl::string_view line,
                 absl::Span<const absl::string_view> texts) {
  return absl::c_any_of(texts, [line](absl::string_view text) {
    return absl::StrContains(line, text);
  });
}

// " ? do_one_initcall+0x59/0x220".
bool IsStackFrame(absl::string_view line) {
  return absl::StartsWith(line, " ") && absl::StrContains(line, "+0x") &&
         absl::StrContains(line, "/0x");
}

bool IsDump(absl::string_view line) {
  return absl::StartsWith(line, kCutHere) || IsStackFrame(line) ||
         absl::c_any_of(kDumpPrefixes, [line](absl::string_view prefix) {
           return absl::StartsWith(line, prefix);
         });
}

std::vector<absl::string_view> Messages(const std::vector<std::string>& log) {
  std::vector<absl::string_view> messages;
  absl::string_view previous;
  for (const absl::string_view line : log) {
    // The location of a warning explains less than its message.
    const bool has_message = absl::StartsWith(line, kWarning) &&
                             !previous.empty() && !IsDump(previous);
    previous = line;
    if (line.empty() || has_message || IsDump(line)) continue;
    if (!ContainsAny(line, kTaintNotices)) messages.push_back(line);
  }
  return messages;
}

}  // namespace

std::string RefusalMessage(absl::string_view module,
                           const std::vector<std::string>& log,
                           int error_number) {
  const std::vector<absl::string_view> messages = Messages(log);
  for (const absl::string_view message : messages) {
    if (ContainsAny(message, kMismatches)) return std::string(message);
  }
  const std::string own = absl::StrCat(module, ":");
  const std::string own_in_kernel = absl::StrCat(KernelModuleName(module), ":");
  for (size_t i = messages.size(); i-- > 0;) {
    if (absl::StartsWith(messages[i], own) ||
        absl::StartsWith(messages[i], own_in_kernel)) {
      return std::string(messages[i]);
    }
  }
  if (!messages.empty()) return std::string(messages.back());
  return std::strerror(error_number);
}

}  // namespace gantry::proof
