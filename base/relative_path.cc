#include "base/relative_path.h"

#include <algorithm>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace gantry {
namespace {

std::vector<absl::string_view> Parts(absl::string_view path) {
  return absl::StrSplit(path, '/', absl::SkipEmpty());
}

absl::Status Unsafe(absl::string_view path, absl::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("unsafe path \"", absl::CHexEscape(path), "\": ", why));
}

}  // namespace

absl::StatusOr<std::string> CleanRelativePath(absl::string_view path) {
  if (absl::StartsWith(path, "/")) return Unsafe(path, "it is absolute");
  if (absl::StrContains(path, '\0')) return Unsafe(path, "it has a NUL");
  std::vector<absl::string_view> clean;
  for (const absl::string_view part : Parts(path)) {
    if (part == ".") continue;
    if (part == "..") return Unsafe(path, "it has a \"..\" component");
    clean.push_back(part);
  }
  return absl::StrJoin(clean, "/");
}

absl::StatusOr<std::string> ResolveLink(absl::string_view link_path,
                                        absl::string_view target) {
  if (target.empty()) return Unsafe(target, "it is empty");
  if (absl::StartsWith(target, "/")) return Unsafe(target, "it is absolute");
  if (absl::StrContains(target, '\0')) return Unsafe(target, "it has a NUL");
  std::vector<absl::string_view> parts = Parts(ParentPath(link_path));
  for (const absl::string_view part : Parts(target)) {
    if (part == ".") continue;
    if (part != "..") {
      parts.push_back(part);
    } else if (!parts.empty()) {
      parts.pop_back();
    } else {
      return Unsafe(target, "it leads out of the tree");
    }
  }
  return absl::StrJoin(parts, "/");
}

std::string RelativeLinkTarget(absl::string_view link_path,
                               absl::string_view path) {
  const std::vector<absl::string_view> from = Parts(ParentPath(link_path));
  const std::vector<absl::string_view> to = Parts(path);
  const size_t shared =
      std::mismatch(from.begin(), from.end(), to.begin(), to.end()).first -
      from.begin();
  std::vector<absl::string_view> parts(from.size() - shared, "..");
  parts.insert(parts.end(), to.begin() + shared, to.end());
  return parts.empty() ? "." : absl::StrJoin(parts, "/");
}

absl::string_view ParentPath(absl::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == absl::string_view::npos ? "" : path.substr(0, slash);
}

absl::string_view BaseName(absl::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == absl::string_view::npos ? path : path.substr(slash + 1);
}

}  // namespace gantry
