#include "builder/modules/kernel_patch.h"

#include <filesystem>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/status_macros.h"
#include "base/subprocess.h"
#include "re2/re2.h"
#include "re2/stringpiece.h"

namespace gantry::modules {

absl::StatusOr<bool> HeaderMatches(const builder::v1::KernelPatch& patch,
                                   absl::string_view header_content) {
  RE2::Options options;
  options.set_dot_nl(true);
  options.set_encoding(RE2::Options::EncodingLatin1);
  options.set_log_errors(false);
  const RE2 pattern(patch.matches(), options);
  if (!pattern.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "patch ", std::filesystem::path(patch.path()).filename().string(),
        ": malformed pattern: ", pattern.error()));
  }
  return RE2::PartialMatch(
      re2::StringPiece(header_content.data(), header_content.size()), pattern);
}

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
