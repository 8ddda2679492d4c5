#include "payload/node/test_mount.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "gtest/gtest.h"

namespace gantry::node {
namespace {

absl::Status EnterMountNamespace() {
  const uid_t user = geteuid();
  const gid_t group = getegid();
  if (unshare(CLONE_NEWNS) != 0) {
    // See user_namespaces(7).
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) {
      return ErrnoStatus(errno, "unshare");
    }
    std::ofstream("/proc/self/setgroups") << "deny";
    std::ofstream("/proc/self/uid_map") << absl::StrCat(user, " ", user, " 1");
    std::ofstream("/proc/self/gid_map")
        << absl::StrCat(group, " ", group, " 1");
  }
  if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return ErrnoStatus(errno, "making mounts private");
  }
  return absl::OkStatus();
}

}  // namespace

BindMount::BindMount(const std::string& source, const std::string& target)
    : target_(target) {
  static const absl::Status entered = EnterMountNamespace();
  EXPECT_TRUE(entered.ok()) << entered;
  EXPECT_EQ(mount(source.c_str(), target.c_str(), nullptr, MS_BIND, nullptr), 0)
      << ErrnoStatus(errno, target);
}

BindMount::~BindMount() {
  EXPECT_EQ(umount2(target_.c_str(), UMOUNT_NOFOLLOW), 0)
      << ErrnoStatus(errno, target_);
}

}  // namespace gantry::node
