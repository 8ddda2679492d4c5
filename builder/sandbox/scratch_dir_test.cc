#include "builder/sandbox/scratch_dir.h"

#include <stdlib.h>
#include <sys/statfs.h>
#include <sys/types.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <limits>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::sandbox {
namespace {

constexpr long kTmpfsMagic = 0x01021994;  // linux/magic.h.
constexpr char kMeminfo[] =
    "MemTotal:       24684100 kB\n"
    "MemFree:        17614232 kB\n"
    "MemAvailable:   21344256 kB\n";

TEST(AvailableMemoryTest, IsThatOfTheKernel) {
  EXPECT_EQ(AvailableMemory(kMeminfo, "", ""), 21344256LL * 1024);
  EXPECT_EQ(AvailableMemory(kMeminfo, "max\n", "4096\n"), 21344256LL * 1024);
}

TEST(AvailableMemoryTest, IsAtMostWhatTheControlGroupLeaves) {
  EXPECT_EQ(AvailableMemory(kMeminfo, "1000000\n", "400000\n"), 600000);
  EXPECT_EQ(AvailableMemory(kMeminfo, "400000\n", "1000000\n"), 0);
}

TEST(AvailableMemoryTest, IsZeroIfUnknown) {
  EXPECT_EQ(AvailableMemory("", "1000000", "400000"), 0);
}

// Runs `body` in a child process, because a process cannot leave a namespace.
template <typename Body>
int ExitCodeOf(Body body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int status = 0;
  waitpid(child, &status, 0);
  return WEXITSTATUS(status);
}

TEST(ScratchDirTest, IsInMemoryInvisibleToOthersAndLeavesNothing) {
  const TempDir parent = *TempDir::Create();
  EXPECT_EQ(ExitCodeOf([&] {
              struct statfs fs;
              const auto scratch = ScratchDir::Create(parent.path(), 1 << 20);
              if (!scratch.ok() || !scratch->is_in_memory()) return 1;
              if (statfs(scratch->path().c_str(), &fs) != 0) return 2;
              if (fs.f_type != kTmpfsMagic) return 3;
              const std::string file = JoinPath(scratch->path(), "file");
              if (!WriteFileAtomically(file, "content").ok()) return 4;
              const std::string outside =
                  absl::StrCat("/proc/", getppid(), "/root", file);
              return access(outside.c_str(), F_OK) == 0 ? 5 : 0;
            }),
            0);
  EXPECT_TRUE(std::filesystem::is_empty(parent.path()));
}

TEST(ScratchDirTest, IsOnDiskWithoutEnoughMemoryAndLeavesNothing) {
  const TempDir parent = *TempDir::Create();
  {
    const auto scratch =
        ScratchDir::Create(parent.path(), std::numeric_limits<int64_t>::max());
    ASSERT_THAT(scratch, IsOk());
    EXPECT_FALSE(scratch->is_in_memory());
    ASSERT_THAT(
        WriteFileAtomically(JoinPath(scratch->path(), "file"), "content"),
        IsOk());
  }
  EXPECT_TRUE(std::filesystem::is_empty(parent.path()));
}

}  // namespace
}  // namespace gantry::sandbox
