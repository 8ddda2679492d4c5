#include "release/plan/digests_file.h"

#include <algorithm>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace gantry::plan {
namespace {

constexpr size_t kSha512HexDigits = 128;

}  // namespace

absl::StatusOr<std::string> FindSha512(absl::string_view digests_file,
                                       absl::string_view file_name) {
  bool in_section = false;
  for (absl::string_view line : absl::StrSplit(digests_file, '\n')) {
    line = absl::StripAsciiWhitespace(line);
    if (absl::StartsWith(line, "#")) {
      in_section = line == "# SHA512 HASH";
      continue;
    }
    const std::vector<absl::string_view> fields =
        absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
    if (!in_section || fields.size() != 2 || fields[1] != file_name) continue;
    const std::string hex = absl::AsciiStrToLower(fields[0]);
    if (hex.size() != kSha512HexDigits ||
        !std::all_of(hex.begin(), hex.end(), absl::ascii_isxdigit)) {
      return absl::DataLossError(
          absl::StrCat("malformed SHA-512 \"", hex, "\" of ", file_name));
    }
    return absl::StrCat("sha512:", hex);
  }
  return absl::NotFoundError(absl::StrCat("no SHA-512 of ", file_name));
}

}  // namespace gantry::plan
