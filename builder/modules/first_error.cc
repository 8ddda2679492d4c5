#include "builder/modules/first_error.h"

#include <memory>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "re2/re2.h"
#include "re2/stringpiece.h"

namespace gantry::modules {
namespace {

// The form of a line that reports an error.  `pattern` has three groups, each
// of which may be empty: file, line, message.
struct Form {
  const char* pattern;
};

// Errors of tools.
constexpr Form kToolErrors[] = {
    // gcc, clang: "nv-pci.c:223:9: error: too few arguments to function 'f'".
    // Assembler: "entry.S:12: Error: no such instruction: `foo'".
    {R"(^([^\s:]+):(\d+)(?::\d+)?: (?:fatal )?[Ee]rror: (.*)$)"},
    // gcc's driver: "gcc-12: fatal error: Killed signal terminated program
    // cc1".  The compiler proper: "cc1: out of memory allocating 65536 bytes".
    {R"(^()()((?:[\w.+-]*-)?(?:gcc|g\+\+|clang|cc1|cc1plus|as|ld)(?:-[\d.]+)?: )"
     R"((?:fatal error|internal compiler error|error|out of memory)\b.*)$)"},
    {R"(^()()(.*(?:virtual memory exhausted|[Cc]annot allocate memory).*)$)"},
    // "error: objtool: ..." and "x.o: error: objtool: ...".
    {R"(^(?:[^\s:]+: )?()()(error: objtool: .*)$)"},
    // 'ERROR: modpost: "hello_add" [/build/hello.ko] undefined!'
    {R"(^()()((?:ERROR|FATAL): (?:modpost: )?.*)$)"},
    // GNU ld: "ld: nv.o: in function `f': nv.c:(.text+0x5): undefined
    // reference to `g'", "ld: cannot find nv.o: No such file or directory".
    {R"(^()()((?:\S*/)?(?:[\w-]+-)?ld(?:\.bfd|\.lld)?: (?:error: |cannot |.*undefined reference|.*[Ff]ile not recognized|.*No such file).*)$)"},
    // conftest.sh: "*** Failed CC version check. Bailing out! ***", preceded by
    // an explanation.
    {R"(^()()(\*\*\* (?:Failed|Unable) .*)$)"},
    {R"(^()()(The kernel header file '.*)$)"},
    {R"(^()()(The Module\.symvers file is missing.*)$)"},
    {R"(^()()(The kernel you are installing for is .*)$)"},
    // The shell: "/bin/sh: 1: flex: not found", "Killed".
    {R"(^()()(\S*sh: (?:line )?\d+: .*)$)"},
    {R"(^()()(Killed)$)"},
    {R"(^()()(.*: No space left on device)$)"},
};

// Errors of make.  "make[2]: *** [...] Error 1" only says that a command
// failed, but sometimes nothing else does: "make[3]: *** [...:244: x.o]
// Killed".
constexpr Form kMakeErrors[] = {
    {R"(^(?:make(?:\[\d+\])?: )?()()\*\*\* (No rule to make target .*?)\s*(?:Stop\.)?$)"},
    {R"(^([^\s:]+):(\d+): \*\*\* (.*?)\s*(?:Stop\.)?$)"},
    {R"(^make(?:\[\d+\])?: ()()\*\*\* (.*Killed.*)$)"},
    {R"(^make(?:\[\d+\])?: ()()\*\*\* (.*)$)"},
};

// Compiled forms.
class Forms {
 public:
  template <size_t kSize>
  explicit Forms(const Form (&forms)[kSize]) {
    for (const Form& form : forms) {
      patterns_.push_back(std::make_unique<RE2>(form.pattern, RE2::Latin1));
    }
  }

  // Whether the line has one of the forms; if so, sets its parts.
  bool Match(absl::string_view line, std::string& file, std::string& number,
             std::string& message) const {
    const re2::StringPiece piece(line.data(), line.size());
    for (const auto& pattern : patterns_) {
      if (RE2::FullMatch(piece, *pattern, &file, &number, &message)) {
        return true;
      }
    }
    return false;
  }

 private:
  std::vector<std::unique_ptr<RE2>> patterns_;
};

std::string Find(const std::vector<absl::string_view>& lines,
                 const Forms& forms) {
  std::string file, number, message;
  for (absl::string_view line : lines) {
    if (!forms.Match(line, file, number, message)) continue;
    if (file.empty()) return message;
    return absl::StrCat(absl::StripPrefix(file, "/build/"), ":", number, ": ",
                        message);
  }
  return "";
}

}  // namespace

std::string FindFirstError(absl::string_view log) {
  static const Forms& tools = *new Forms(kToolErrors);
  static const Forms& make = *new Forms(kMakeErrors);
  std::vector<absl::string_view> lines;
  for (absl::string_view line : absl::StrSplit(log, '\n')) {
    lines.push_back(absl::StripTrailingAsciiWhitespace(line));
  }
  std::string error = Find(lines, tools);
  if (error.empty()) error = Find(lines, make);
  for (auto line = lines.rbegin(); error.empty() && line != lines.rend();
       ++line) {
    error = std::string(*line);
  }
  return error;
}

}  // namespace gantry::modules
