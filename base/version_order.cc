#include "base/version_order.h"

#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace gantry {
namespace {

struct Parts {
  absl::string_view epoch = "0";
  absl::string_view upstream;
  absl::string_view revision = "0";
};

Parts Split(absl::string_view version) {
  Parts parts;
  const size_t colon = version.find(':');
  if (colon != absl::string_view::npos) {
    parts.epoch = version.substr(0, colon);
    version.remove_prefix(colon + 1);
  }
  const size_t dash = version.rfind('-');
  parts.upstream = version.substr(0, dash);
  if (dash != absl::string_view::npos) {
    parts.revision = version.substr(dash + 1);
  }
  return parts;
}

// Rank of the first character of a non-numeric part: "~" sorts before the end,
// then letters, then other characters.
int Rank(absl::string_view text) {
  if (text.empty() || absl::ascii_isdigit(text[0])) return 0;
  if (text[0] == '~') return -1;
  const int c = static_cast<unsigned char>(text[0]);
  return absl::ascii_isalpha(text[0]) ? c : c + 256;
}

// Removes the digits at the start of `text` and returns them without leading
// zeros.
absl::string_view TakeNumber(absl::string_view& text) {
  size_t end = 0;
  while (end < text.size() && absl::ascii_isdigit(text[end])) ++end;
  absl::string_view number = text.substr(0, end);
  text.remove_prefix(end);
  while (absl::StartsWith(number, "0")) number.remove_prefix(1);
  return number;
}

int ComparePart(absl::string_view a, absl::string_view b) {
  while (!a.empty() || !b.empty()) {
    while (Rank(a) != 0 || Rank(b) != 0) {
      if (Rank(a) != Rank(b)) return Rank(a) - Rank(b);
      a.remove_prefix(1);
      b.remove_prefix(1);
    }
    const absl::string_view x = TakeNumber(a), y = TakeNumber(b);
    if (x.size() != y.size()) return x.size() < y.size() ? -1 : 1;
    if (const int order = x.compare(y); order != 0) return order;
  }
  return 0;
}

}  // namespace

int CompareVersions(absl::string_view a, absl::string_view b) {
  const Parts x = Split(a), y = Split(b);
  if (const int order = ComparePart(x.epoch, y.epoch); order != 0) {
    return order;
  }
  if (const int order = ComparePart(x.upstream, y.upstream); order != 0) {
    return order;
  }
  return ComparePart(x.revision, y.revision);
}

absl::string_view UpstreamVersion(absl::string_view debian_version) {
  return Split(debian_version).upstream;
}

bool HasVersionPrefix(absl::string_view version, absl::string_view prefix) {
  return absl::StartsWith(version, prefix) &&
         (prefix.empty() || version.size() == prefix.size() ||
          version[prefix.size()] == '.');
}

}  // namespace gantry
