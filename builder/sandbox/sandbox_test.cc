#include "builder/sandbox/sandbox.h"

#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "absl/status/status.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::sandbox {
namespace {

using ::testing::HasSubstr;

// A root with copies of the machine's programs.
class SandboxTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_THAT(PrepareSandboxRoot(root_), IsOk());
    ASSERT_THAT(CreateDirectories(build_), IsOk());
    for (const char* directory : {"bin", "sbin", "lib", "lib64"}) {
      std::filesystem::create_directory_symlink(std::string("usr/") + directory,
                                                JoinPath(root_, directory));
    }
  }

  // Copies /bin/sh and a few programs, with their libraries.
  void InstallPrograms() {
    const std::string command =
        "for p in /bin/dash /bin/id /bin/touch /bin/cat /bin/ls; do "
        "mkdir -p $0/usr/bin; cp $(readlink -f $p) $0/usr/bin/$(basename $p); "
        "for l in $(ldd $p | grep -o '/[^ ]*'); do "
        "mkdir -p $0/usr$(dirname $l); cp -n $l $0/usr$l; done; done; "
        "ln -s dash $0/usr/bin/sh";
    SubprocessOptions install;
    install.argv = {"/bin/bash", "-c", command, root_};
    install.merge_stderr = true;
    const auto result = RunSubprocess(install);
    ASSERT_THAT(result, IsOk());
    ASSERT_EQ(result->exit_code, 0) << result->output;
  }

  SandboxOptions Options() {
    SandboxOptions options;
    options.root = root_;
    options.build_directory = build_;
    options.environment = {{"GREETING", "hello"}};
    return options;
  }

  std::string Output(const std::string& script) {
    const auto sandbox = Sandbox::Create(Options());
    if (!sandbox.ok()) return sandbox.status().ToString();
    const auto result = sandbox->Run({"sh", "-c", script});
    return result.ok() ? result->output : result.status().ToString();
  }

  const TempDir temp_ = *TempDir::Create();
  const std::string root_ = JoinPath(temp_.path(), "root");
  const std::string build_ = JoinPath(temp_.path(), "build");
};

TEST_F(SandboxTest, RunsAsIdZeroInTheBuildDirectoryWithTheGivenEnvironment) {
  InstallPrograms();
  setenv("LEAKED", "yes", 1);
  EXPECT_EQ(Output("id -u; pwd; echo $GREETING $LEAKED"), "0\n/build\nhello\n");
}

TEST_F(SandboxTest, OnlyTheBuildDirectoryAndTmpAreWritable) {
  InstallPrograms();
  EXPECT_THAT(Output("touch /usr/new"), HasSubstr("Read-only file system"));
  EXPECT_EQ(Output("touch /tmp/new; echo data > new; ls /tmp"), "new\n");
  EXPECT_THAT(ReadFile(JoinPath(build_, "new")), IsOkAndHolds("data\n"));
}

TEST_F(SandboxTest, HasNoNetwork) {
  InstallPrograms();
  const std::string routes = Output("cat /proc/net/route");
  EXPECT_THAT(routes, HasSubstr("Iface"));
  EXPECT_EQ(std::count(routes.begin(), routes.end(), '\n'), 1) << routes;
}

TEST_F(SandboxTest, ReturnsTheExitCode) {
  InstallPrograms();
  const auto sandbox = Sandbox::Create(Options());
  ASSERT_THAT(sandbox, IsOk());
  const auto result = sandbox->Run({"sh", "-c", "exit 3"});
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->exit_code, 3);
}

TEST_F(SandboxTest, RootWithoutShellIsFailedPrecondition) {
  const auto sandbox = Sandbox::Create(Options());
  EXPECT_THAT(sandbox,
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("sandboxing is unavailable: bwrap: ")));
}

}  // namespace
}  // namespace gantry::sandbox
