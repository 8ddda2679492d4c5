#include "builder/container/debian/container_root.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "base/file.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "builder/container/debian/host_tool.h"

namespace gantry::container {
namespace {

namespace fs = std::filesystem;

// Merged /usr as in Debian 12; base-files creates the links only when
// configured.
constexpr const char* kUsrLinks[] = {"bin", "lib", "lib64", "sbin"};

// Mount points, which cannot be created in a read-only root.
constexpr const char* kMountPoints[] = {"dev", "proc", "run", "sys", "tmp"};

constexpr struct {
  const char* path;
  const char* content;
} kAccounts[] = {
    {"etc/passwd",
     "root:x:0:0:root:/root:/bin/bash\n"
     "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"},
    {"etc/group", "root:x:0:\nnogroup:x:65534:\n"},
};

// Links in /usr/bin to programs there.
constexpr struct {
  const char* name;
  const char* program;
} kAlternatives[] = {
    {"awk", "mawk"},
    {"cc", "gcc"},
    {"which", "which.debianutils"},
};

// Updates `owners` from a line of tar's listing, such as
// "drwxrwsr-x 0/50    0 2023-07-28 17:00 ./var/local/".  A later package may
// have the same directory with another owner.
absl::Status ReadOwner(absl::string_view line, Owners& owners) {
  const std::vector<absl::string_view> fields =
      absl::StrSplit(line, ' ', absl::SkipEmpty());
  Owner owner;
  const std::vector<absl::string_view> ids =
      absl::StrSplit(fields.size() < 6 ? "" : fields[1], '/');
  if (ids.size() != 2 || !absl::SimpleAtoi(ids[0], &owner.uid) ||
      !absl::SimpleAtoi(ids[1], &owner.gid)) {
    return absl::InternalError(
        absl::StrCat("unexpected line in the listing of tar: ", line));
  }
  absl::string_view path = fields[5];
  absl::ConsumePrefix(&path, "./");
  absl::ConsumeSuffix(&path, "/");
  if (owner.uid == 0 && owner.gid == 0) {
    owners.erase(std::string(path));
    return absl::OkStatus();
  }
  // A hard link shares the owner of the file that it is listed after.
  if (line[0] == 'h') return absl::OkStatus();
  if (fields.size() != 6 || absl::StrContains(path, '\\')) {
    return absl::UnimplementedError(absl::StrCat(
        path,
        ": a link, or a file with a special character in its name, does "
        "not belong to root"));
  }
  owners[std::string(path)] = owner;
  return absl::OkStatus();
}

absl::StatusOr<Owners> Unpack(const std::vector<std::string>& packages,
                              const std::string& unpack_script,
                              const std::string& root) {
  GANTRY_ASSIGN_OR_RETURN(const std::string bash, FindHostTool("bash", "bash"));
  std::vector<std::string> unpack = {bash, unpack_script, root};
  unpack.insert(unpack.end(), packages.begin(), packages.end());
  GANTRY_ASSIGN_OR_RETURN(const std::string listing, RunHostTool(unpack));
  Owners owners;
  for (absl::string_view line :
       absl::StrSplit(listing, '\n', absl::SkipEmpty())) {
    GANTRY_RETURN_IF_ERROR(ReadOwner(line, owners));
  }
  return owners;
}

absl::Status Link(const std::string& target, const std::string& link) {
  std::error_code error;
  fs::remove(link, error);
  if (!error) fs::create_symlink(target, link, error);
  if (error) return ErrnoStatus(error.value(), link);
  return absl::OkStatus();
}

absl::Status MakeSkeleton(const std::string& root) {
  for (const char* name : kUsrLinks) {
    GANTRY_RETURN_IF_ERROR(
        CreateDirectories(absl::StrCat(root, "/usr/", name)));
    GANTRY_RETURN_IF_ERROR(
        Link(absl::StrCat("usr/", name), JoinPath(root, name)));
  }
  for (const char* name : kMountPoints) {
    GANTRY_RETURN_IF_ERROR(CreateDirectories(JoinPath(root, name)));
  }
  return CreateDirectories(JoinPath(root, "etc"));
}

// Since 6.12 the headers contain the kernel's type information (BTF).  With it,
// building a module needs pahole, whose output varies.  Modules load without
// BTF.
absl::Status RemoveTypeInformation(const std::string& root) {
  const std::string sources = JoinPath(root, "usr/src");
  std::error_code error;
  if (!fs::exists(sources, error)) return absl::OkStatus();
  std::vector<fs::path> directories = {sources};
  for (const auto& entry : fs::directory_iterator(sources, error)) {
    if (entry.is_directory() && !entry.is_symlink()) {
      directories.push_back(entry.path());
    }
  }
  for (const fs::path& directory : directories) {
    if (!error) fs::remove(directory / "vmlinux", error);
  }
  if (error) return ErrnoStatus(error.value(), sources);
  return absl::OkStatus();
}

absl::Status AddAlternatives(const std::string& root) {
  const std::string programs = JoinPath(root, "usr/bin");
  for (const auto& alternative : kAlternatives) {
    std::error_code ignored;
    if (!fs::exists(JoinPath(programs, alternative.program), ignored)) continue;
    GANTRY_RETURN_IF_ERROR(
        Link(alternative.program, JoinPath(programs, alternative.name)));
  }
  return absl::OkStatus();
}

// Sets the time of a file to 0 if it was changed after `start`.
absl::Status ResetTime(const std::string& path, const timespec& start) {
  struct stat info;
  if (lstat(path.c_str(), &info) != 0) return ErrnoStatus(errno, path);
  const timespec& time = info.st_mtim;
  if (time.tv_sec < start.tv_sec ||
      (time.tv_sec == start.tv_sec && time.tv_nsec <= start.tv_nsec)) {
    return absl::OkStatus();
  }
  const timespec zero[2] = {{0, 0}, {0, 0}};
  if (utimensat(AT_FDCWD, path.c_str(), zero, AT_SYMLINK_NOFOLLOW) != 0) {
    return ErrnoStatus(errno, path);
  }
  return absl::OkStatus();
}

absl::Status ResetTimes(const std::string& root, const timespec& start) {
  GANTRY_RETURN_IF_ERROR(ResetTime(root, start));
  std::error_code error;
  for (auto entry = fs::recursive_directory_iterator(root, error);
       !error && entry != fs::recursive_directory_iterator();
       entry.increment(error)) {
    GANTRY_RETURN_IF_ERROR(ResetTime(entry->path().string(), start));
  }
  if (error) return ErrnoStatus(error.value(), root);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Owners> MakeContainerRoot(
    const std::vector<std::string>& packages, const std::string& unpack_script,
    const std::string& root) {
  // Files newer than this do not come from a package.  The margin is needed
  // because timestamps of files have a coarse resolution.
  timespec start;
  if (clock_gettime(CLOCK_REALTIME, &start) != 0) {
    return ErrnoStatus(errno, "clock_gettime");
  }
  start.tv_sec -= 10;

  GANTRY_RETURN_IF_ERROR(MakeSkeleton(root));
  GANTRY_ASSIGN_OR_RETURN(Owners owners, Unpack(packages, unpack_script, root));
  GANTRY_RETURN_IF_ERROR(RemoveTypeInformation(root));
  for (const auto& account : kAccounts) {
    GANTRY_RETURN_IF_ERROR(
        WriteFileAtomically(JoinPath(root, account.path), account.content));
  }
  GANTRY_RETURN_IF_ERROR(AddAlternatives(root));
  GANTRY_RETURN_IF_ERROR(ResetTimes(root, start));
  return owners;
}

}  // namespace gantry::container
