#include "payload/proof/boot_console.h"

#include <optional>
#include <string_view>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "payload/proof/console_record.h"

namespace gantry::proof {
namespace {

using Type = ConsoleRecord::Type;

constexpr size_t kMaxLineLength = 200;

std::string Shorten(const std::string& text) {
  return std::string(absl::StripAsciiWhitespace(text))
      .substr(0, kMaxLineLength);
}

// How the kernel starts to report a crash, before it dumps registers
// (arch/x86/kernel/dumpstack.c, arch/x86/mm/fault.c, kernel/panic.c,
// lib/bug.c).
constexpr absl::string_view kCrashes[] = {"BUG: ", "kernel BUG at ",
                                          "Oops: ", "general protection fault",
                                          "Kernel panic - not syncing: "};

// Removes the time that printk() puts first: "[    1.575664] ".
absl::string_view WithoutTime(absl::string_view line) {
  const size_t end = line.find("] ");
  if (!absl::StartsWith(line, "[") || end == line.npos) return line;
  return line.substr(end + 2);
}

bool ReportsCrash(absl::string_view line) {
  return absl::c_any_of(kCrashes, [line](absl::string_view crash) {
    return absl::StartsWith(line, crash);
  });
}

void Apply(const ConsoleRecord& record, BootConsole& console) {
  switch (record.type) {
    case Type::kHello:
      console.kernel_release = record.text;
      return;
    case Type::kBye:
      console.finished = true;
      return;
    case Type::kBegin:
      if (record.argument < console.steps.size()) {
        console.steps[record.argument].started = true;
      }
      return;
    case Type::kLog:
      if (record.argument < console.steps.size()) {
        console.steps[record.argument].log.push_back(record.text);
      }
      return;
    case Type::kResult: {
      uint64_t step = 0;
      if (absl::SimpleAtoi(record.text, &step) && step < console.steps.size()) {
        console.steps[step].result = static_cast<int>(record.argument);
      }
      return;
    }
  }
}

}  // namespace

std::string PrintableText(absl::string_view line) {
  std::string text;
  for (const char c : line) {
    if (absl::ascii_isprint(static_cast<unsigned char>(c))) text.push_back(c);
  }
  return text;
}

BootConsole ParseBootConsole(absl::string_view console, absl::string_view nonce,
                             size_t step_count) {
  BootConsole result;
  result.steps.resize(step_count);
  uint64_t expected = 0;
  for (const absl::string_view line : absl::StrSplit(console, '\n')) {
    std::string printable = Shorten(PrintableText(line));
    const absl::string_view text = WithoutTime(printable);
    if (result.crash.empty() && ReportsCrash(text)) {
      result.crash = std::string(text);
    }
    if (!printable.empty()) result.last_line = std::move(printable);
    const std::optional<ConsoleRecord> record =
        ParseConsoleRecord(std::string_view(nonce.data(), nonce.size()),
                           std::string_view(line.data(), line.size()));
    if (!record) continue;
    if (record->sequence != expected && !result.lost_record) {
      result.lost_record = expected;
    }
    expected = record->sequence + 1;
    // The kernel survived.
    result.crash.clear();
    Apply(*record, result);
  }
  return result;
}

}  // namespace gantry::proof
