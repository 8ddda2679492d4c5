// What the installer refuses to replace or to remove because it is not its own,
// or because something is mounted there.

#include <filesystem>
#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "payload/node/exit_code.h"
#include "payload/node/exit_code_matchers.h"
#include "payload/node/installer.h"
#include "payload/node/installer_fixture.h"
#include "payload/node/test_host.h"
#include "payload/node/test_mount.h"

namespace gantry::node {
namespace {

namespace fs = std::filesystem;
using ::testing::IsEmpty;

class InstallerRefusalTest : public InstallerFixture {
 protected:
  // Creates a directory that no installer has put there.
  void MakeForeign(const std::string& path) {
    fs::create_directories(OnHost(path));
    std::ofstream(OnHost(path + "/kept")) << "foreign";
  }
  void ExpectForeign(const std::string& path, const std::string& reason) {
    EXPECT_THAT(Error(Payload()),
                FailsWith(ExitCode::kForeign,
                          path + " was not installed by this installer: it " +
                              reason + "; move it away and run this again"));
  }
};

TEST_F(InstallerRefusalTest, ForeignDirectoryIsRefusedAndUntouched) {
  for (const std::string path :
       {"opt/cuda/12.4", "opt/nvidia/535.261.03/flatcar-4230.2.0"}) {
    MakeForeign(path);
    ExpectForeign("/" + path, "has no .gantry-receipt");
    EXPECT_EQ(Read(path + "/kept"), "foreign");
    EXPECT_FALSE(Exists("opt/cuda/current"));
    EXPECT_FALSE(Exists("opt/nvidia/current"));
    fs::remove_all(OnHost(path));
  }
  EXPECT_TRUE(Run(Payload()).changed);
}

TEST_F(InstallerRefusalTest, ForeignFileIsRefusedAndUntouched) {
  fs::create_directories(OnHost("opt/cuda"));
  std::ofstream(OnHost("opt/cuda/12.4")) << "foreign";
  ExpectForeign("/opt/cuda/12.4", "is not a directory");
  EXPECT_EQ(Read("opt/cuda/12.4"), "foreign");
  EXPECT_FALSE(Exists("opt/nvidia"));
}

TEST_F(InstallerRefusalTest, ForeignCurrentIsRefusedAndUntouched) {
  const std::string link = OnHost("opt/cuda/current");
  fs::create_directories(link);
  ExpectForeign("/opt/cuda/current", "is not a symbolic link");
  fs::remove(link);
  MakeForeign("opt/cuda/11.8");
  fs::create_directory_symlink("11.8", link);
  ExpectForeign("/opt/cuda/current",
                "leads to 11.8, which has no .gantry-receipt");
  fs::remove(link);
  for (const std::string target : {"/usr/local/cuda", "../elsewhere"}) {
    fs::create_directory_symlink(target, link);
    ExpectForeign("/opt/cuda/current",
                  "leads to " + target + ", outside its own directory");
    EXPECT_EQ(LinkTarget("opt/cuda/current"), target);
    fs::remove(link);
  }
  EXPECT_FALSE(Exists("opt/nvidia"));
}

TEST_F(InstallerRefusalTest, ForeignLdConfIsRefusedAndUntouched) {
  fs::create_directories(OnHost("etc/ld.so.conf.d"));
  std::ofstream(OnHost("etc/ld.so.conf.d/gantry.conf")) << "/opt/cranes/lib\n";
  ExpectForeign("/etc/ld.so.conf.d/gantry.conf",
                "does not start with \"# Written by Gantry's installer.\"");
  EXPECT_EQ(Read("etc/ld.so.conf.d/gantry.conf"), "/opt/cranes/lib\n");
  EXPECT_FALSE(Exists("opt/cuda"));
}

// What every release of the installer leaves behind: a receipt with some
// digest, a relative link, and a configuration file with this first line.
TEST_F(InstallerRefusalTest, InstallationOfAnotherReleaseIsOurs) {
  MakeForeign("opt/cuda/12.4");
  std::ofstream(OnHost("opt/cuda/12.4/.gantry-receipt")) << "sha256:12ab\n";
  fs::create_directory_symlink("12.4", OnHost("opt/cuda/current"));
  fs::create_directories(OnHost("etc/ld.so.conf.d"));
  std::ofstream(OnHost("etc/ld.so.conf.d/gantry.conf"))
      << "# Written by Gantry's installer.\n/opt/cuda/lib\n";
  Run(Payload());
  EXPECT_EQ(Read("opt/cuda/current/bin/nvcc"), "nvcc one");
  EXPECT_FALSE(Run(Payload()).changed);
}

TEST_F(InstallerRefusalTest, CurrentThatLeadsToARemovedVersionIsReplaced) {
  Run(Payload("11.8"));
  fs::remove_all(OnHost("opt/cuda/11.8"));
  Run(Payload("12.4"));
  EXPECT_EQ(LinkTarget("opt/cuda/current"), "12.4");
}

TEST_F(InstallerRefusalTest, MountBelowWhatWouldBeReplacedIsRefused) {
  Run(Payload("12.4", "one"));
  MakeForeign("home");
  fs::create_directories(OnHost("opt/cuda/12.4/samples"));
  {
    const BindMount mount(OnHost("home"), OnHost("opt/cuda/12.4/samples"));
    EXPECT_THAT(Error(Payload("12.4", "two")),
                FailsWith(ExitCode::kMounted,
                          "cannot remove " + OnHost("opt/cuda/12.4") +
                              ": something is mounted on " +
                              OnHost("opt/cuda/12.4/samples") +
                              "; unmount it and run this again"));
    EXPECT_EQ(Read("home/kept"), "foreign");
    EXPECT_EQ(Read("opt/cuda/current/bin/nvcc"), "nvcc one");
    EXPECT_EQ(Read("opt/nvidia/current/lib64/libcuda.so.1"), "cu one");
    EXPECT_FALSE(Run(Payload("12.4", "one")).changed);
  }
  Run(Payload("12.4", "two"));
  EXPECT_EQ(Read("opt/cuda/current/bin/nvcc"), "nvcc two");
  EXPECT_EQ(Read("home/kept"), "foreign");
  EXPECT_THAT(FindLeftovers(rootfs_), IsEmpty());
}

TEST_F(InstallerRefusalTest, MountBelowALeftoverIsRefused) {
  MakeForeign("home");
  const std::string leftover = OnHost("opt/cuda/.gantry-staging");
  fs::create_directories(leftover + "/samples");
  {
    const BindMount mount(OnHost("home"), leftover + "/samples");
    InstallOptions options = Options(Payload());
    for (const bool dry_run : {true, false}) {
      options.dry_run = dry_run;
      EXPECT_EQ(ExitCodeOf(Install(options).status()), ExitCode::kMounted);
    }
    EXPECT_EQ(Read("home/kept"), "foreign");
    EXPECT_FALSE(Exists("opt/cuda/12.4"));
  }
  Run(Payload());
  EXPECT_EQ(Read("home/kept"), "foreign");
  EXPECT_THAT(FindLeftovers(rootfs_), IsEmpty());
}

}  // namespace
}  // namespace gantry::node
