#include "tests/e2e/test_driver.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "base/subprocess.h"

namespace gantry::e2e {
namespace {

constexpr char kSources[] = "tests/fixtures/hello";
constexpr char kName[] = "hello-1.0";

}  // namespace

absl::Status TestDriver::Pack(absl::string_view last_line,
                              const std::string& archive) const {
  const std::string sources = JoinPath(directory_, kName);
  GANTRY_RETURN_IF_ERROR(CreateDirectories(sources));
  for (const char* name :
       {"Kbuild", "hello.c", "hello_core.c", "hello_core.h"}) {
    GANTRY_ASSIGN_OR_RETURN(std::string source,
                            ReadFile(JoinPath(kSources, name)));
    if (absl::string_view(name) == "hello.c") {
      absl::StrAppend(&source, last_line);
    }
    GANTRY_RETURN_IF_ERROR(
        WriteFileAtomically(JoinPath(sources, name), source));
  }
  return RunCommand({"tar", "-C", directory_, "-czf", archive, kName}).status();
}

absl::Status TestDriver::WritePatch(absl::string_view name,
                                    absl::string_view from,
                                    absl::string_view to) const {
  GANTRY_ASSIGN_OR_RETURN(const std::string source,
                          ReadFile(JoinPath(kSources, "hello.c")));
  const auto line = std::count(source.begin(), source.end(), '\n') + 1;
  return WriteFileAtomically(
      JoinPath(directory_, name),
      absl::StrCat("--- a/hello.c\n+++ b/hello.c\n@@ -", line, " +", line,
                   " @@\n-", from, "\n+", to, "\n"));
}

}  // namespace gantry::e2e
