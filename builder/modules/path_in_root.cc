#include "builder/modules/path_in_root.h"

#include <filesystem>
#include <system_error>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/file.h"

namespace gantry::modules {
namespace {

constexpr int kMaxSymlinks = 40;  // As in the kernel (MAXSYMLINKS).

// The parts in reverse: the next one is the last.
std::vector<std::string> Reversed(absl::string_view path) {
  std::vector<std::string> parts = absl::StrSplit(path, '/', absl::SkipEmpty());
  return std::vector<std::string>(parts.rbegin(), parts.rend());
}

}  // namespace

absl::StatusOr<std::string> ResolveInRoot(const std::string& root,
                                          absl::string_view path) {
  std::vector<std::string> done, left = Reversed(path);
  int symlinks = 0;
  while (!left.empty()) {
    const std::string part = left.back();
    left.pop_back();
    if (part == ".") continue;
    if (part == "..") {
      if (!done.empty()) done.pop_back();
      continue;
    }
    done.push_back(part);
    const std::string here = JoinPath(root, absl::StrJoin(done, "/"));
    std::error_code error;
    const auto type = std::filesystem::symlink_status(here, error).type();
    if (type == std::filesystem::file_type::not_found || error) {
      return absl::NotFoundError(
          absl::StrCat("no ", path, " in the container"));
    }
    if (type != std::filesystem::file_type::symlink) continue;
    if (++symlinks > kMaxSymlinks) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ": too many symlinks in the container"));
    }
    const std::string target = std::filesystem::read_symlink(here, error);
    if (absl::StartsWith(target, "/")) {
      done.clear();
    } else {
      done.pop_back();
    }
    for (std::string& step : Reversed(target)) left.push_back(std::move(step));
  }
  return absl::StrCat("/", absl::StrJoin(done, "/"));
}

}  // namespace gantry::modules
