#include "payload/node/mount_points.h"

#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/file.h"
#include "base/status.h"
#include "base/status_macros.h"

namespace gantry::node {
namespace {

constexpr char kMountInfo[] = "/proc/self/mountinfo";
constexpr size_t kMountPointField = 4;

bool IsOctal(char c) { return c >= '0' && c <= '7'; }

// The kernel writes space, tab, newline and backslash as "\ooo".
std::string Unescape(absl::string_view text) {
  std::string result;
  while (!text.empty()) {
    if (text.size() >= 4 && text[0] == '\\' && IsOctal(text[1]) &&
        IsOctal(text[2]) && IsOctal(text[3])) {
      result.push_back(static_cast<char>(
          (text[1] - '0') * 64 + (text[2] - '0') * 8 + (text[3] - '0')));
      text.remove_prefix(4);
    } else {
      result.push_back(text[0]);
      text.remove_prefix(1);
    }
  }
  return result;
}

// The path of an open file as the kernel reports it, here and in mountinfo.
absl::StatusOr<std::string> PathOf(int fd) {
  const std::string link = absl::StrCat("/proc/self/fd/", fd);
  char path[PATH_MAX];
  const ssize_t size = readlink(link.c_str(), path, sizeof(path));
  if (size < 0) return ErrnoStatus(errno, link);
  return std::string(path, size);
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ParseMountPoints(
    absl::string_view mountinfo) {
  std::vector<std::string> mount_points;
  for (absl::string_view line :
       absl::StrSplit(mountinfo, '\n', absl::SkipEmpty())) {
    const std::vector<absl::string_view> fields = absl::StrSplit(line, ' ');
    if (fields.size() <= kMountPointField) {
      return absl::DataLossError(
          absl::StrCat("mountinfo: \"", line, "\" has no mount point"));
    }
    mount_points.push_back(Unescape(fields[kMountPointField]));
  }
  return mount_points;
}

absl::StatusOr<absl::optional<std::string>> FindMountPoint(int directory_fd) {
  GANTRY_ASSIGN_OR_RETURN(const std::string directory, PathOf(directory_fd));
  GANTRY_ASSIGN_OR_RETURN(const std::string table, ReadFile(kMountInfo));
  GANTRY_ASSIGN_OR_RETURN(const std::vector<std::string> mount_points,
                          ParseMountPoints(table));
  for (absl::string_view mount_point : mount_points) {
    if (!absl::ConsumePrefix(&mount_point, directory)) continue;
    if (mount_point.empty() || absl::ConsumePrefix(&mount_point, "/")) {
      return std::string(mount_point);
    }
  }
  return absl::nullopt;
}

absl::StatusOr<int> MountId(int fd) {
  const std::string path = absl::StrCat("/proc/self/fdinfo/", fd);
  GANTRY_ASSIGN_OR_RETURN(const std::string info, ReadFile(path));
  for (absl::string_view line : absl::StrSplit(info, '\n')) {
    int id = 0;
    if (absl::ConsumePrefix(&line, "mnt_id:") && absl::SimpleAtoi(line, &id)) {
      return id;
    }
  }
  return absl::InternalError(absl::StrCat(path, " has no mnt_id"));
}

}  // namespace gantry::node
