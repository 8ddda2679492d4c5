// Runs the programs in tools/apt/path with fakes of the programs that they
// replace.

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/status_matchers.h"
#include "base/subprocess.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/bazelw/fake_programs.h"

namespace gantry::bazelw {
namespace {

class NoServicesTest : public testing::Test {
 protected:
  void SetUp() override {
    GANTRY_ASSERT_OK_AND_ASSIGN(FakePrograms real, FakePrograms::Create());
    real_ = std::make_unique<FakePrograms>(std::move(real));
    for (const char* name :
         {"invoke-rc.d", "deb-systemd-invoke", "update-rc.d"}) {
      ASSERT_THAT(real_->Add(name, ""), IsOk());
    }
  }

  // Adds a fake of deb-systemd-helper.  The exit code 1 means that the unit is
  // new.
  void AddHelper(const std::string& exit_code_of_debian_installed) {
    ASSERT_THAT(real_->Add("deb-systemd-helper",
                           "[ \"$2\" != debian-installed ] || exit " +
                               exit_code_of_debian_installed),
                IsOk());
  }

  // Runs a program as a maintainer script does, with the PATH that bazelw gives
  // dpkg.  Returns the calls of the replaced programs.
  std::string CallsOf(const std::vector<std::string>& argv) {
    const auto result =
        real_->Run(argv, std::filesystem::absolute("tools/apt/path"));
    EXPECT_THAT(result, IsOk());
    EXPECT_EQ(result->exit_code, 0) << result->error_output;
    return real_->Calls().value_or("no record of calls");
  }

  std::unique_ptr<FakePrograms> real_;
};

TEST_F(NoServicesTest, StartIsDropped) {
  EXPECT_EQ(CallsOf({"deb-systemd-invoke", "start", "x.service"}), "");
  EXPECT_EQ(CallsOf({"deb-systemd-invoke", "--user", "start", "x.socket"}), "");
  EXPECT_EQ(CallsOf({"invoke-rc.d", "--skip-systemd-native", "x", "start"}),
            "");
}

TEST_F(NoServicesTest, RestartOfARunningServiceIsKept) {
  EXPECT_EQ(CallsOf({"deb-systemd-invoke", "restart", "x.service"}),
            "deb-systemd-invoke restart x.service\n");
}

TEST_F(NoServicesTest, StopIsKept) {
  EXPECT_EQ(CallsOf({"invoke-rc.d", "x", "stop"}), "invoke-rc.d x stop\n");
}

TEST_F(NoServicesTest, NewUnitIsRecordedWithoutEnablingIt) {
  AddHelper("1");
  EXPECT_EQ(CallsOf({"deb-systemd-helper", "enable", "x.service"}),
            "deb-systemd-helper --system debian-installed x.service\n"
            "deb-systemd-helper --system update-state x.service\n");
}

TEST_F(NoServicesTest, NewUserUnitIsRecordedWithoutEnablingIt) {
  AddHelper("1");
  EXPECT_EQ(CallsOf({"deb-systemd-helper", "--user", "enable", "x.socket"}),
            "deb-systemd-helper --user debian-installed x.socket\n"
            "deb-systemd-helper --user update-state x.socket\n");
}

TEST_F(NoServicesTest, UnitOfAnUpgradedPackageIsEnabled) {
  AddHelper("0");
  EXPECT_EQ(CallsOf({"deb-systemd-helper", "enable", "x.service"}),
            "deb-systemd-helper --system debian-installed x.service\n"
            "deb-systemd-helper enable x.service\n");
}

TEST_F(NoServicesTest, OtherActionsOfTheHelperKeepTheirExitCode) {
  ASSERT_THAT(real_->Add("deb-systemd-helper", "exit 1"), IsOk());
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const SubprocessResult result,
      real_->Run({"deb-systemd-helper", "--quiet", "was-enabled", "x.service"},
                 std::filesystem::absolute("tools/apt/path")));
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(
      real_->Calls(),
      IsOkAndHolds("deb-systemd-helper --quiet was-enabled x.service\n"));
}

TEST_F(NoServicesTest, InitScriptIsRegisteredAsDisabled) {
  EXPECT_EQ(CallsOf({"update-rc.d", "x", "defaults"}),
            "update-rc.d x defaults-disabled\n");
  EXPECT_EQ(CallsOf({"update-rc.d", "x", "remove"}),
            "update-rc.d x defaults-disabled\nupdate-rc.d x remove\n");
}

}  // namespace
}  // namespace gantry::bazelw
