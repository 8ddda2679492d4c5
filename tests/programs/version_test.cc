// Every program prints Gantry's version, but those that are part of images:
// their bytes must not depend on it.

#include "base/version.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/subprocess.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::programs {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string VersionOf(const std::string& program) {
  SubprocessOptions options;
  options.argv = {program, "--version"};
  const auto result = RunSubprocess(options);
  EXPECT_THAT(result, IsOk());
  if (!result.ok()) return "";
  EXPECT_EQ(result->exit_code, 0) << result->error_output;
  return result->output;
}

TEST(VersionTest, ProgramsPrintIt) {
  for (const std::string program :
       {"builder/container/disk_image", "builder/modules/compile_modules",
        "builder/userland/file_tree", "payload/image/write_image",
        "payload/image/write_layer", "payload/proof/prove", "release/cli/query",
        "release/job/matrix", "release/job/publish", "release/job/rebuild",
        "release/service/server/server"}) {
    EXPECT_EQ(VersionOf(program),
              absl::StrCat(program.substr(program.rfind('/') + 1), " ",
                           kVersion, "\n"));
  }
  EXPECT_EQ(VersionOf("release/job/discover"),
            absl::StrCat("discover ", kVersion, "\n"));
}

TEST(VersionTest, InstallerDoesNotKnowIt) {
  const std::string version = VersionOf("payload/node/install.stripped");
  EXPECT_THAT(version, StartsWith("install "));
  EXPECT_THAT(version, Not(HasSubstr(kVersion)));
}

TEST(VersionTest, ChangelogStartsWithIt) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::string changelog,
                              ReadFile("CHANGELOG.md"));
  const size_t heading = changelog.find("\n## ");
  ASSERT_NE(heading, std::string::npos);
  EXPECT_THAT(changelog.substr(heading + 4), StartsWith(kVersion));
}

}  // namespace
}  // namespace gantry::programs
