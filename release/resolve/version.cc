#include "release/resolve/version.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace gantry {
namespace {

constexpr absl::string_view kSeparators = ".-+";

bool IsNumber(absl::string_view part) {
  return !part.empty() && std::all_of(part.begin(), part.end(), [](char c) {
    return absl::ascii_isdigit(c);
  });
}

int Sign(int value) { return value < 0 ? -1 : value > 0; }

int CompareParts(absl::string_view a, absl::string_view b) {
  if (IsNumber(a) != IsNumber(b)) return IsNumber(a) ? 1 : -1;
  if (!IsNumber(a)) return Sign(a.compare(b));
  while (absl::ConsumePrefix(&a, "0")) {
  }
  while (absl::ConsumePrefix(&b, "0")) {
  }
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  return Sign(a.compare(b));
}

}  // namespace

int CompareVersions(absl::string_view a, absl::string_view b) {
  const std::vector<absl::string_view> left =
      absl::StrSplit(a, absl::ByAnyChar(kSeparators));
  const std::vector<absl::string_view> right =
      absl::StrSplit(b, absl::ByAnyChar(kSeparators));
  for (size_t i = 0; i < std::min(left.size(), right.size()); ++i) {
    if (const int order = CompareParts(left[i], right[i]); order != 0) {
      return order;
    }
  }
  if (left.size() == right.size()) return 0;
  return left.size() < right.size() ? -1 : 1;
}

bool VersionFits(absl::string_view version, absl::string_view wish) {
  return absl::StartsWith(version, wish) &&
         (wish.empty() || version.size() == wish.size() ||
          kSeparators.find(version[wish.size()]) != absl::string_view::npos ||
          kSeparators.find(wish.back()) != absl::string_view::npos);
}

}  // namespace gantry
