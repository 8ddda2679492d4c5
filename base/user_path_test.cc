#include "base/user_path.h"

#include <stdlib.h>

#include <cstdlib>

#include "gtest/gtest.h"

namespace gantry {
namespace {

TEST(UserPathTest, RelativePathsStartAtBazelsDirectories) {
  setenv("BUILD_WORKING_DIRECTORY", "/home/me/ws/sub", 1);
  setenv("BUILD_WORKSPACE_DIRECTORY", "/home/me/ws", 1);
  EXPECT_EQ(UserPath("m.textproto"), "/home/me/ws/sub/m.textproto");
  EXPECT_EQ(UserPath("/etc/m"), "/etc/m");
  EXPECT_EQ(WorkspacePath("release/m"), "/home/me/ws/release/m");
  EXPECT_EQ(WorkspacePath(""), "/home/me/ws");
}

TEST(UserPathTest, WithoutBazelPathsAreUnchanged) {
  unsetenv("BUILD_WORKING_DIRECTORY");
  unsetenv("BUILD_WORKSPACE_DIRECTORY");
  EXPECT_EQ(UserPath("m"), "m");
  EXPECT_EQ(WorkspacePath("m"), "m");
}

}  // namespace
}  // namespace gantry
