#include "base/open_in_root.h"

#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <deque>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "base/file.h"
#include "base/status.h"
#include "base/status_macros.h"

namespace gantry {
namespace {

constexpr int kMaxLinks = 40;
constexpr int kSearchDirectory = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

// One walk from the root to the end of a path.
class Walk {
 public:
  Walk(const RootDirectory& root, absl::string_view path, int flags,
       CreateMissing create_missing)
      : root_(root),
        full_path_(JoinPath(root.name, path)),
        flags_(flags | O_NOFOLLOW | O_CLOEXEC),
        create_missing_(create_missing) {
    Prepend(path);
  }

  absl::StatusOr<UniqueFd> Run() {
    while (!rest_.empty()) {
      const std::string component = std::move(rest_.front());
      rest_.pop_front();
      if (component == ".") continue;
      if (component == "..") {
        if (!open_.empty()) open_.pop_back();
        continue;
      }
      GANTRY_RETURN_IF_ERROR(Enter(component));
    }
    if (result_.ok()) return std::move(result_);
    // The path is empty, or its last component is ".." or ".".
    UniqueFd current(openat(Current(), ".", flags_));
    if (!current.ok()) return ErrnoStatus(errno, full_path_);
    return current;
  }

 private:
  void Prepend(absl::string_view path) {
    const std::vector<std::string> components =
        absl::StrSplit(path, '/', absl::SkipEmpty());
    rest_.insert(rest_.begin(), components.begin(), components.end());
  }

  int Current() const { return open_.empty() ? root_.fd : open_.back().get(); }

  absl::Status Enter(const std::string& component) {
    const bool is_last = rest_.empty();
    UniqueFd next(openat(Current(), component.c_str(),
                         is_last ? flags_ : kSearchDirectory));
    if (!next.ok() && errno == ENOENT) {
      GANTRY_ASSIGN_OR_RETURN(next, create_missing_(Current(), component));
    }
    if (!next.ok()) return FollowLink(component, errno);
    if (is_last) {
      result_ = std::move(next);
    } else {
      open_.push_back(std::move(next));
    }
    return absl::OkStatus();
  }

  // After openat(2) failed on `component` with `open_error`.
  absl::Status FollowLink(const std::string& component, int open_error) {
    char target[PATH_MAX];
    const ssize_t size =
        readlinkat(Current(), component.c_str(), target, sizeof(target));
    if (size < 0) return ErrnoStatus(open_error, full_path_);
    if (++links_ > kMaxLinks) return ErrnoStatus(ELOOP, full_path_);
    const absl::string_view link(target, size);
    if (absl::StartsWith(link, "/")) open_.clear();
    Prepend(link);
    return absl::OkStatus();
  }

  const RootDirectory& root_;
  const std::string full_path_;
  const int flags_;
  const CreateMissing create_missing_;
  // The directories between the root and the current one, outermost first.
  std::vector<UniqueFd> open_;
  // What the path's last component names.
  UniqueFd result_;
  std::deque<std::string> rest_;
  int links_ = 0;
};

}  // namespace

absl::StatusOr<UniqueFd> OpenInRoot(const RootDirectory& root,
                                    absl::string_view path, int flags) {
  return OpenInRoot(root, path, flags, [&](int, const std::string&) {
    return ErrnoStatus(ENOENT, JoinPath(root.name, path));
  });
}

absl::StatusOr<UniqueFd> OpenInRoot(const RootDirectory& root,
                                    absl::string_view path, int flags,
                                    CreateMissing create_missing) {
  return Walk(root, path, flags, create_missing).Run();
}

}  // namespace gantry
