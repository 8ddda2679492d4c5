#include "release/job/fingerprint.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/digest.h"
#include "re2/re2.h"

namespace gantry::job {
namespace {

constexpr size_t kHexDigits = 16;

}  // namespace

std::string NormalizeError(absl::string_view error) {
  std::vector<std::string> words;
  for (absl::string_view word :
       absl::StrSplit(error, absl::ByAnyChar(" \t\n"), absl::SkipEmpty())) {
    std::string normalized(word.substr(word.rfind('/') + 1));
    RE2::GlobalReplace(&normalized, "0x[0-9A-Fa-f]+", "#");
    RE2::GlobalReplace(&normalized, "[0-9]+(\\.[0-9]+)*", "#");
    words.push_back(std::move(normalized));
  }
  return absl::StrJoin(words, " ");
}

std::string Fingerprint(absl::string_view stage, absl::string_view error) {
  const std::string digest = Sha256Digest(NormalizeError(error));
  return absl::StrCat("v1:", stage, ":",
                      DigestHex(digest).substr(0, kHexDigits));
}

}  // namespace gantry::job
