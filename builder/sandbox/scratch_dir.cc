#include "builder/sandbox/scratch_dir.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/fd_io.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"

namespace gantry::sandbox {
namespace {

std::string ReadOrEmpty(const char* path) {
  return ReadFile(path).value_or("");
}

bool WriteTo(const char* path, absl::string_view text) {
  const UniqueFd fd(open(path, O_WRONLY | O_CLOEXEC));
  return fd.ok() && WriteAll(fd.get(), text, path).ok();
}

// Makes later mounts visible only to this process and its children.
bool EnterMountNamespace() {
  const uid_t user = geteuid();
  const gid_t group = getegid();
  if (user == 0) {
    if (unshare(CLONE_NEWNS) != 0) return false;
  } else {
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
    if (!WriteTo("/proc/self/setgroups", "deny") ||
        !WriteTo("/proc/self/uid_map", absl::StrCat(user, " ", user, " 1")) ||
        !WriteTo("/proc/self/gid_map", absl::StrCat(group, " ", group, " 1"))) {
      return false;
    }
  }
  return mount("none", "/", nullptr, MS_REC | MS_SLAVE, nullptr) == 0;
}

}  // namespace

int64_t AvailableMemory(absl::string_view meminfo, absl::string_view memory_max,
                        absl::string_view memory_current) {
  int64_t available = 0;
  for (absl::string_view line : absl::StrSplit(meminfo, '\n')) {
    if (!absl::ConsumePrefix(&line, "MemAvailable:")) continue;
    absl::ConsumeSuffix(&line, " kB");
    if (absl::SimpleAtoi(line, &available)) available *= 1024;
  }
  int64_t limit, used;
  if (absl::SimpleAtoi(memory_max, &limit) &&
      absl::SimpleAtoi(memory_current, &used)) {
    available = std::min(available, std::max<int64_t>(0, limit - used));
  }
  return available;
}

absl::StatusOr<ScratchDir> ScratchDir::Create(const std::string& parent,
                                              int64_t needed_bytes) {
  GANTRY_ASSIGN_OR_RETURN(TempDir directory, TempDir::Create(parent));
  const int64_t available = AvailableMemory(
      ReadOrEmpty("/proc/meminfo"), ReadOrEmpty("/sys/fs/cgroup/memory.max"),
      ReadOrEmpty("/sys/fs/cgroup/memory.current"));
  // Half of it: another action may start at the same time.
  const bool is_in_memory =
      available / 2 >= needed_bytes && EnterMountNamespace() &&
      mount("scratch", directory.path().c_str(), "tmpfs", MS_NOSUID | MS_NODEV,
            absl::StrCat("mode=0700,size=", needed_bytes).c_str()) == 0;
  return ScratchDir(std::move(directory), is_in_memory);
}

ScratchDir::~ScratchDir() {
  // A moved-from directory has no path.
  if (is_in_memory_ && !path().empty()) umount2(path().c_str(), MNT_DETACH);
}

}  // namespace gantry::sandbox
