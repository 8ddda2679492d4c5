#include "builder/modules/patch_condition.h"

#include <filesystem>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
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

}  // namespace gantry::modules
