#include "builder/container/debian/host_tool.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "base/subprocess.h"

namespace gantry::container {
namespace {

namespace fs = std::filesystem;

// Enough of standard error to see the cause.
constexpr size_t kMaxErrorBytes = 2000;

}  // namespace

absl::StatusOr<std::string> FindHostTool(absl::string_view name,
                                         absl::string_view package) {
  for (const char* directory : {"/usr/sbin", "/usr/bin", "/sbin", "/bin"}) {
    const std::string path = JoinPath(directory, name);
    std::error_code ignored;
    if (fs::exists(path, ignored)) return path;
  }
  return absl::NotFoundError(
      absl::StrCat(name, " is not installed: apt-get install ", package));
}

absl::StatusOr<std::string> RunHostTool(const std::vector<std::string>& argv,
                                        absl::string_view input) {
  SubprocessOptions options;
  options.argv = argv;
  options.input = std::string(input);
  options.environment = {
      {"LC_ALL", "C"},
      {"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"},
      {"TZ", "UTC"},
      // 0 would mean the real clock.
      {"E2FSPROGS_FAKE_TIME", "1"},
      {"MKE2FS_CONFIG", "/dev/null"},
  };
  GANTRY_ASSIGN_OR_RETURN(SubprocessResult result, RunSubprocess(options));
  if (result.exit_code == 0) return std::move(result.output);
  absl::string_view error = absl::StripAsciiWhitespace(
      result.error_output.empty() ? result.output : result.error_output);
  if (error.size() > kMaxErrorBytes) {
    error.remove_prefix(error.size() - kMaxErrorBytes);
  }
  return absl::InternalError(
      absl::StrCat(fs::path(argv.front()).filename().string(),
                   " exited with code ", result.exit_code, ": ", error));
}

}  // namespace gantry::container
