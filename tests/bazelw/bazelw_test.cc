// Tests which packages bazelw installs, with fakes of apt, dpkg and Bazel.

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/status_matchers.h"
#include "base/subprocess.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/bazelw/fake_programs.h"

namespace gantry::bazelw {
namespace {

namespace fs = std::filesystem;

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class BazelwTest : public testing::Test {
 protected:
  void SetUp() override {
    GANTRY_ASSERT_OK_AND_ASSIGN(FakePrograms fakes, FakePrograms::Create());
    fakes_ = std::make_unique<FakePrograms>(std::move(fakes));
    ASSERT_THAT(fakes_->Add("apt-get", ""), IsOk());
    ASSERT_THAT(fakes_->Add("bazel", "echo \"Bazel ran\""), IsOk());
    // bazelw calls sudo if it is not root.
    ASSERT_THAT(fakes_->Add("sudo", "exec \"$@\""), IsOk());
    AddDpkgQuery("false");
  }

  // Adds a dpkg-query that reports those packages as installed for which the
  // shell condition, on $package, is true.
  void AddDpkgQuery(absl::string_view condition) {
    ASSERT_THAT(
        fakes_->Add(
            "dpkg-query",
            absl::StrCat("shift 2\nif [ \"$1\" = '${Version}' ]; then\n",
                         "  printf 4.2.3+ds-9\n  exit\nfi\nshift\n",
                         "for package in \"$@\"; do\n  if ", condition,
                         "; then printf '%s:installed ' \"$package\"; fi\n",
                         "done")),
        IsOk());
  }

  SubprocessResult Run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), fs::absolute("bazelw"));
    auto result = fakes_->Run(arguments);
    EXPECT_THAT(result, IsOk());
    return *std::move(result);
  }

  // The arguments of `apt-get ... install`, each between spaces; empty if apt
  // was not called.
  std::string AptInstall() {
    const std::string calls = fakes_->Calls().value_or("");
    const size_t start = calls.find(" install --yes ");
    if (start == std::string::npos) return "";
    const size_t line = calls.rfind('\n', start) + 1;
    return absl::StrCat(calls.substr(line, calls.find('\n', start) - line),
                        " ");
  }

  std::unique_ptr<FakePrograms> fakes_;
};

struct PackagesTestCase {
  std::vector<std::string> arguments;
  // Whether a package of each class is installed: for loading, building,
  // running and testing.
  bool libabsl;
  bool qemu;
  bool skopeo;
  bool docker_registry;
};

class BazelwPackagesTest
    : public BazelwTest,
      public testing::WithParamInterface<PackagesTestCase> {};

TEST_P(BazelwPackagesTest, InstallsWhatTheCommandNeeds) {
  EXPECT_EQ(Run(GetParam().arguments).exit_code, 0);
  const std::string packages = AptInstall();
  const auto expect = [&](bool wanted, const std::string& package) {
    EXPECT_EQ(
        packages.find(absl::StrCat(" ", package, " ")) != std::string::npos,
        wanted)
        << package << " in: " << packages;
  };
  expect(true, "bazel-bootstrap");
  expect(GetParam().libabsl, "libabsl-dev");
  expect(GetParam().qemu, "fdisk");
  expect(GetParam().qemu, "qemu-system-x86");
  expect(GetParam().skopeo, "skopeo");
  expect(GetParam().docker_registry, "docker-registry");
  expect(GetParam().docker_registry, "podman");
}

INSTANTIATE_TEST_SUITE_P(
    Commands, BazelwPackagesTest,
    testing::Values(
        PackagesTestCase{{}, false, false, false, false},
        PackagesTestCase{{"--version"}, false, false, false, false},
        PackagesTestCase{{"help", "build"}, false, false, false, false},
        PackagesTestCase{{"version"}, false, false, false, false},
        PackagesTestCase{{"info", "workspace"}, false, false, false, false},
        PackagesTestCase{{"shutdown"}, false, false, false, false},
        PackagesTestCase{{"tset", "//..."}, false, false, false, false},
        PackagesTestCase{{"query", "//..."}, true, false, false, false},
        PackagesTestCase{{"cquery", "//..."}, true, false, false, false},
        PackagesTestCase{{"fetch", "//..."}, true, false, false, false},
        PackagesTestCase{{"sync", "--configure"}, true, false, false, false},
        PackagesTestCase{{"build", "//..."}, true, true, false, false},
        PackagesTestCase{{"run", "//release:matrix"}, true, true, true, false},
        PackagesTestCase{{"test", "//..."}, true, true, true, true},
        PackagesTestCase{{"coverage", "//..."}, true, true, true, true},
        // The value of a startup option is not the command.
        PackagesTestCase{{"--output_base", "/x", "query", "test"},
                         true,
                         false,
                         false,
                         false},
        PackagesTestCase{{"--install_only", "query", "clang-format"},
                         true,
                         false,
                         false,
                         false}));

TEST_F(BazelwTest, InstallsTheGivenPackagesAndRunsNothing) {
  EXPECT_THAT(Run({"--install_only", "query", "clang-format"}).output,
              Not(HasSubstr("Bazel ran")));
  EXPECT_THAT(AptInstall(), HasSubstr(" clang-format "));
}

TEST_F(BazelwTest, InstallOnlyNeedsAKnownCommand) {
  const SubprocessResult result = Run({"--install_only", "clang-format"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.error_output,
            "bazelw: --install_only: unknown Bazel command \"clang-format\"\n");
  EXPECT_EQ(AptInstall(), "");
}

TEST_F(BazelwTest, InstalledPackagesAreNotRequested) {
  AddDpkgQuery("[ \"$package\" != podman ]");
  Run({"test", "//..."});
  EXPECT_THAT(AptInstall(), HasSubstr(" --no-install-recommends podman "));
}

TEST_F(BazelwTest, AptIsNotCalledIfAllPackagesAreInstalled) {
  AddDpkgQuery("true");
  EXPECT_EQ(Run({"test", "//..."}).output, "Bazel ran\n");
  EXPECT_THAT(*fakes_->Calls(),
              AllOf(Not(HasSubstr("apt-get")), HasSubstr("bazel test //...")));
}

TEST_F(BazelwTest, MaintainerScriptsFindOurProgramsFirst) {
  Run({"test", "//..."});
  EXPECT_THAT(AptInstall(),
              HasSubstr(absl::StrCat(
                  " -o DPkg::Path=", fs::current_path().string(),
                  "/tools/apt/path:/usr/sbin:/usr/bin:/sbin:/bin ")));
}

TEST_F(BazelwTest, VersionOfDebiansBazelIsThatOfItsPackage) {
  ASSERT_THAT(
      fakes_->Add("bazel",
                  "echo 'ERROR: Version information not available' >&2; "
                  "exit 2"),
      IsOk());
  const SubprocessResult result = Run({"version"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.output, "Build label: 4.2.3+ds-9\n");
}

TEST_F(BazelwTest, VersionOfAnotherBazelIsUnchanged) {
  ASSERT_THAT(fakes_->Add("bazel", "echo 'Build label: 7.7.1'"), IsOk());
  EXPECT_EQ(Run({"version"}).output, "Build label: 7.7.1\n");
}

}  // namespace
}  // namespace gantry::bazelw
