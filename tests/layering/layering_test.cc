// Checks the dependencies of this repository's targets, except tests, against
// the order of rooms in ARCHITECTURE.md.

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "base/status_matchers.h"
#include "base/subprocess.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/layering/room_graph.h"

namespace gantry::layering {
namespace {

namespace fs = std::filesystem;

// Lowest first.  builder, payload and release do not list one another:
// they meet only through proto/, files and Starlark providers.
const AllowedRooms& Rooms() {
  static const auto* const kRooms = new AllowedRooms{
      {"proto", {}},
      {"base", {"proto"}},

      {"builder/archive", {"base"}},
      {"builder/sandbox", {"base"}},
      {"builder/container", {"base", "builder/archive", "proto"}},
      {"builder/modules",
       {"base", "builder/archive", "builder/sandbox", "proto"}},
      {"builder/userland", {"base", "builder/archive"}},
      {"builder",
       {"builder/container", "builder/modules", "builder/userland", "proto"}},

      {"payload/image", {"base", "proto"}},
      {"payload/proof", {"base", "proto"}},
      {"payload", {"payload/image", "payload/proof", "proto"}},
      // Its installer is a layer of every image.
      {"payload/node", {"base", "payload", "payload/image", "proto"}},

      {"release/plan", {"base", "proto"}},
      {"release/cells", {}},
      {"release/publish", {"base", "proto"}},
      {"release/service/rpc_status", {"base", "proto"}},
      {"release/service/store",
       {"base", "proto", "release/service/rpc_status"}},
      {"release/service/resolve",
       {"base", "proto", "release/service/rpc_status"}},
      {"release/service/auth", {"base", "proto", "release/service/rpc_status"}},
      {"release/service/http", {"base"}},
      {"release/service/web",
       {"base", "proto", "release/service/http", "release/service/rpc_status"}},
      {"release/service/server",
       {"base", "proto", "release/service/auth", "release/service/http",
        "release/service/resolve", "release/service/rpc_status",
        "release/service/store", "release/service/web"}},
      {"release/service/client",
       {"base", "proto", "release/service/rpc_status",
        "release/service/store"}},
      {"release/service/connection",
       {"base", "release/service/client", "release/service/server"}},
      {"release/cli",
       {"base", "proto", "release/service/client",
        "release/service/connection"}},
      {"release/job",
       {"base", "proto", "release/plan", "release/publish",
        "release/service/client", "release/service/connection"}},
      {"release",
       {"release/cli", "release/job", "release/plan", "release/service/auth",
        "release/service/server"}},
  };
  return *kRooms;
}

bool HasPackages(const fs::path& directory) {
  for (const fs::directory_entry& entry :
       fs::recursive_directory_iterator(directory)) {
    const fs::path name = entry.path().filename();
    if (name == "BUILD.bazel" || name == "BUILD") return true;
  }
  return false;
}

// All packages except those of tests.  Symbolic links are not followed: they
// may lead to another Bazel's outputs.
std::string AllPackages(const std::string& workspace) {
  std::vector<std::string> patterns = {"//:all"};
  for (const fs::directory_entry& entry : fs::directory_iterator(workspace)) {
    const std::string name = entry.path().filename();
    if (entry.is_symlink() || !entry.is_directory() || name[0] == '.') continue;
    if (name == "tests" || !HasPackages(entry.path())) continue;
    patterns.push_back(absl::StrCat("//", name, "/..."));
  }
  return absl::StrJoin(patterns, " + ");
}

TEST(LayeringTest, RoomsHaveAnOrder) {
  EXPECT_THAT(CheckRooms(Rooms()), IsOk());
}

TEST(LayeringTest, NoTargetDependsAgainstTheOrder) {
  const std::string workspace = fs::canonical("WORKSPACE").parent_path();
  const std::string home = testing::TempDir();
  SubprocessOptions query;
  query.argv = {absl::StrCat(workspace, "/bazelw"),
                absl::StrCat("--output_user_root=", home, "/bazel"),
                "--batch",
                "query",
                "--noshow_progress",
                "--output=graph",
                "--nograph:factored",
                absl::StrCat("kind(rule, deps(attr(testonly, 0, ",
                             AllPackages(workspace), "), 1))")};
  query.working_directory = workspace;
  query.environment = {
      {"HOME", home},
      {"USER", "nobody"},
      {"PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"}};
  query.timeout = absl::Minutes(10);
  GANTRY_ASSERT_OK_AND_ASSIGN(const SubprocessResult result,
                              RunSubprocess(query));
  ASSERT_EQ(result.exit_code, 0) << result.error_output;
  const std::vector<Dependency> dependencies = ParseDependencies(result.output);
  ASSERT_GT(dependencies.size(), 500u) << result.output;
  EXPECT_THAT(CheckDependencies(dependencies, Rooms()), IsOk());
}

}  // namespace
}  // namespace gantry::layering
