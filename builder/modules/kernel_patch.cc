#include "builder/modules/kernel_patch.h"

#include <filesystem>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/status_macros.h"
#include "base/subprocess.h"

namespace gantry::modules {

absl::Status ApplyPatch(const std::string& patch_file,
                        const std::string& directory) {
  const std::filesystem::path patch = std::filesystem::absolute(patch_file);
  SubprocessOptions options;
  // No dry run first: it would check each diff against the unpatched file, also
  // the second diff of the same file.
  options.argv = {"patch",           "-p1",      "--batch",
                  "--forward",       "--fuzz=0", "--no-backup-if-mismatch",
                  "--reject-file=-", "--input",  patch.string()};
  options.working_directory = directory;
  options.merge_stderr = true;
  GANTRY_ASSIGN_OR_RETURN(const SubprocessResult result,
                          RunSubprocess(options));
  if (result.exit_code == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "patch ", patch.filename().string(), " does not apply: ",
      absl::StrReplaceAll(absl::StripAsciiWhitespace(result.output),
                          {{"\n", "; "}})));
}

}  // namespace gantry::modules
