#include "payload/node/installer.h"

#include <sys/stat.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <ios>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "payload/node/directory.h"
#include "payload/node/exit_code.h"
#include "payload/node/exit_code_matchers.h"
#include "payload/node/install_lock.h"
#include "payload/node/install_result.h"
#include "payload/node/installer_fixture.h"
#include "payload/node/test_host.h"
#include "payload/node/test_payload.h"

namespace gantry::node {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr char kRootfsHint[] =
    "; run the image with -v /:/rootfs, or name the host's root with --rootfs";

class InstallerTest : public InstallerFixture {
 protected:
  void AddFailingLdconfig() {
    fs::create_directories(OnHost("sbin"));
    std::ofstream(OnHost("sbin/ldconfig")) << "not a program";
    fs::permissions(OnHost("sbin/ldconfig"), fs::perms(0755));
  }
  // Changes a byte of the file, and not its size.
  void Damage(const std::string& path) {
    std::string content = *ReadFile(path);
    content.back() ^= 1;
    std::ofstream(path) << content;
  }
};

TEST_F(InstallerTest, InstallsEverythingOnAFreshHost) {
  const InstallResult result = Run(Payload());
  EXPECT_EQ(FormatSummary(result),
            "installed /opt/nvidia/535.261.03/flatcar-4230.2.0 and "
            "/opt/cuda/12.4: copied 5 files, 33 B");
  EXPECT_EQ(LinkTarget("opt/cuda/current"), "12.4");
  EXPECT_EQ(LinkTarget("opt/nvidia/current"), "535.261.03/flatcar-4230.2.0");
  EXPECT_EQ(Read("opt/cuda/current/bin/nvcc"), "nvcc one");
  EXPECT_EQ(fs::status(OnHost("opt/cuda/12.4/bin/nvcc")).permissions(),
            fs::perms(0755));
  EXPECT_EQ(LinkTarget("opt/cuda/12.4/lib64/libcudart.so"), "libcudart.so.1");
  EXPECT_EQ(Read("opt/nvidia/current/lib64/libcuda.so.1"), "cu one");
  EXPECT_EQ(Read("opt/nvidia/current/lib/modules/6.6.95-flatcar/video/"
                 "nvidia.ko"),
            "ko one");
  EXPECT_EQ(Read("opt/nvidia/current/lib/modules/6.6.95-flatcar/video/"
                 "modules.order"),
            "nvidia\n");
  EXPECT_EQ(Read("etc/ld.so.conf.d/gantry.conf"),
            "# Written by Gantry's installer.\n"
            "/opt/nvidia/current/lib64\n/opt/cuda/current/lib64\n");
  EXPECT_THAT(FindLeftovers(rootfs_), IsEmpty());
}

TEST_F(InstallerTest, SecondRunChangesNothing) {
  Run(Payload());
  struct stat before, after;
  ASSERT_EQ(lstat(OnHost("opt/cuda/current").c_str(), &before), 0);
  const InstallResult result = Run(Payload());
  EXPECT_EQ(FormatSummary(result),
            "already installed: /opt/nvidia/535.261.03/flatcar-4230.2.0 and "
            "/opt/cuda/12.4; nothing changed");
  EXPECT_FALSE(result.changed);
  ASSERT_EQ(lstat(OnHost("opt/cuda/current").c_str(), &after), 0);
  EXPECT_EQ(before.st_ino, after.st_ino);
}

TEST_F(InstallerTest, NewToolkitLeavesTheOldOneAndTheDriver) {
  Run(Payload("11.8"));
  const InstallResult result = Run(Payload("12.4"));
  EXPECT_EQ(result.files_copied, 2);
  ASSERT_THAT(result.targets, SizeIs(2));
  EXPECT_FALSE(result.targets[0].changed);
  EXPECT_EQ(result.targets[1].path, "/opt/cuda/12.4");
  EXPECT_TRUE(result.targets[1].changed);
  EXPECT_EQ(LinkTarget("opt/cuda/current"), "12.4");
  EXPECT_EQ(Read("opt/cuda/11.8/bin/nvcc"), "nvcc one");
}

TEST_F(InstallerTest, SameVersionWithOtherFilesIsReplaced) {
  Run(Payload("12.4", "one"));
  Run(Payload("12.4", "two"));
  EXPECT_EQ(Read("opt/cuda/current/bin/nvcc"), "nvcc two");
  EXPECT_THAT(FindLeftovers(rootfs_), IsEmpty());
}

TEST_F(InstallerTest, EachKindOfDamageIsRepaired) {
  const TestPayload payload = Payload();
  const std::string directory = "opt/cuda/12.4/";
  const std::vector<std::function<void()>> damages = {
      [&] { fs::remove(OnHost(directory + "bin/nvcc")); },
      [&] { fs::permissions(OnHost(directory + "bin/nvcc"), fs::perms(0600)); },
      [&] { fs::resize_file(OnHost(directory + "bin/nvcc"), 3); },
      [&] {
        std::ofstream(OnHost(directory + ".gantry-receipt")) << "damaged";
      },
      [&] {
        fs::remove(OnHost(directory + "lib64/libcudart.so"));
        fs::create_symlink("elsewhere",
                           OnHost(directory + "lib64/libcudart.so"));
      },
  };
  for (const auto& damage : damages) {
    Run(payload);
    damage();
    EXPECT_TRUE(Run(payload).changed);
    EXPECT_EQ(Read(directory + "bin/nvcc"), "nvcc one");
    EXPECT_FALSE(Run(payload).changed);
  }
}

TEST_F(InstallerTest, VerifyFindsAndRepairsChangedContent) {
  const TestPayload payload = Payload();
  Run(payload);
  Damage(OnHost("opt/nvidia/current/lib64/libcuda.so.1"));
  EXPECT_FALSE(Run(payload).changed);
  InstallOptions options = Options(payload);
  options.verify = true;
  EXPECT_TRUE(Run(options).changed);
  EXPECT_EQ(Read("opt/nvidia/current/lib64/libcuda.so.1"), "cu one");
  EXPECT_FALSE(Run(options).changed);
}

TEST_F(InstallerTest, ContentThatComesBackIntoUseIsVerified) {
  Run(Payload("11.8"));
  Run(Payload("12.4", "two"));
  Damage(OnHost("opt/cuda/11.8/lib64/libcudart.so.1"));
  EXPECT_TRUE(Run(Payload("11.8")).changed);
  EXPECT_EQ(LinkTarget("opt/cuda/current"), "11.8");
  EXPECT_EQ(Read("opt/cuda/current/lib64/libcudart.so.1"), "rt one");
}

TEST_F(InstallerTest, DamagedPayloadIsRefusedAndChangesNothing) {
  Run(Payload("11.8"));
  const TestPayload payload = Payload("12.4", "two");
  const std::string file = payload.SourcePath(0, "lib64/libcudart.so.1");
  Damage(file);
  EXPECT_THAT(
      Error(payload),
      FailsWith(ExitCode::kDamagedPayload,
                "damaged payload: " + file + " has 6 bytes and digest " +
                    Sha256Digest("rt twn") + "; the manifest has 6 bytes and " +
                    Sha256Digest("rt two")));
  EXPECT_EQ(LinkTarget("opt/cuda/current"), "11.8");
  EXPECT_FALSE(Exists("opt/cuda/12.4"));
  // The driver, which is staged first, is not put into use alone.
  EXPECT_EQ(Read("opt/nvidia/current/lib64/libcuda.so.1"), "cu one");
  EXPECT_THAT(FindLeftovers(rootfs_), IsEmpty());
}

TEST_F(InstallerTest, PayloadFileThatIsLongerThanTheManifestHasItIsDamage) {
  const TestPayload payload = Payload();
  const std::string file = payload.SourcePath(0, "bin/nvcc");
  std::ofstream(file, std::ios::app) << "more";
  EXPECT_THAT(Error(payload),
              FailsWith(ExitCode::kDamagedPayload,
                        "damaged payload: " + file +
                            " has more than the 8 bytes of the manifest"));
}

TEST_F(InstallerTest, MissingPayloadFileOrManifestIsDamage) {
  const TestPayload payload = Payload();
  const std::string file = payload.SourcePath(1, "lib64/libcuda.so.1");
  fs::remove(file);
  EXPECT_THAT(Error(payload), FailsWith(ExitCode::kDamagedPayload,
                                        "damaged payload: " + file +
                                            ": No such file or directory"));
  std::ofstream(JoinPath(payload.image_root(), "gantry/manifest.binpb"))
      << "\xff\xff";
  EXPECT_THAT(Error(payload),
              FailsWith(ExitCode::kDamagedPayload,
                        "damaged payload: /gantry/manifest.binpb: not a "
                        "PayloadManifest"));
}

TEST_F(InstallerTest, PayloadFileThatIsALinkIsNotFollowed) {
  const TestPayload payload = Payload();
  const std::string file = payload.SourcePath(0, "bin/nvcc");
  fs::rename(file, file + ".real");
  fs::create_symlink("nvcc.real", file);
  EXPECT_EQ(ExitCodeOf(Error(payload)), ExitCode::kDamagedPayload);
}

TEST_F(InstallerTest, TooLittleSpaceIsRefusedBeforeAnythingIsCopied) {
  TestPayload payload = Payload();
  // More than any file system that tests run on has.
  constexpr int64_t kHuge = int64_t{1} << 40;
  payload.manifest().mutable_components(0)->mutable_files(1)->set_size(kHuge);
  payload.WriteManifest();
  EXPECT_THAT(Error(payload), FailsWith(ExitCode::kNoSpace,
                                        StartsWith("not enough space on " +
                                                   OnHost("opt") + ": 10995")));
  EXPECT_FALSE(Exists("opt/cuda"));
  EXPECT_FALSE(Exists("opt/nvidia"));
}

TEST_F(InstallerTest, WrongHostIsRefusedAndUntouched) {
  InstallOptions options = Options(Payload());
  options.kernel_release = "6.6.96-flatcar";
  EXPECT_EQ(ExitCodeOf(Install(options).status()), ExitCode::kWrongHost);
  EXPECT_FALSE(Exists("opt"));
}

TEST_F(InstallerTest, MissingHostRootIsAUsageError) {
  InstallOptions options = Options(Payload());
  options.rootfs = JoinPath(temp_.path(), "nothing");
  EXPECT_THAT(
      Install(options).status(),
      FailsWith(ExitCode::kUsage,
                options.rootfs + ": No such file or directory" + kRootfsHint));
  fs::create_directories(options.rootfs);
  EXPECT_THAT(Install(options).status(),
              FailsWith(ExitCode::kUsage,
                        options.rootfs +
                            ": no /etc/os-release and no /usr/lib/os-release" +
                            kRootfsHint));
}

TEST_F(InstallerTest, HostWithAnEmptyVersionIsAUsageError) {
  std::ofstream(OnHost("usr/lib/os-release")) << "ID=flatcar\nVERSION_ID=\n";
  EXPECT_THAT(
      Error(Payload()),
      FailsWith(ExitCode::kUsage,
                rootfs_ + ": os-release sets no VERSION_ID" + kRootfsHint));
  EXPECT_FALSE(Exists("opt"));
}

TEST_F(InstallerTest, ConcurrentRunIsRefusedAtOnce) {
  const TestPayload payload = Payload();
  {
    const auto lock = LockHost(*Directory::Open(rootfs_));
    ASSERT_THAT(lock, IsOk());
    EXPECT_THAT(Error(payload),
                FailsWith(ExitCode::kBusy,
                          "another installer is running on this host: it "
                          "holds " +
                              OnHost("opt/.gantry.lock")));
  }
  EXPECT_TRUE(Run(payload).changed);
}

TEST_F(InstallerTest, DryRunChangesNothing) {
  InstallOptions options = Options(Payload());
  options.dry_run = true;
  const InstallResult result = Run(options);
  EXPECT_TRUE(result.changed);
  EXPECT_EQ(result.plan.substr(0, result.plan.find('\n')),
            "install /opt/nvidia/535.261.03/flatcar-4230.2.0: 3 files, 19 B "
            "(not installed)");
  EXPECT_FALSE(Exists("opt"));
}

TEST_F(InstallerTest, LinksOfTheHostAreFollowedInsideItsRoot) {
  fs::create_directories(OnHost("var/opt"));
  fs::create_directory_symlink("/var/opt", OnHost("opt"));
  Run(Payload());
  EXPECT_EQ(Read("var/opt/cuda/current/bin/nvcc"), "nvcc one");
}

TEST_F(InstallerTest, FailingLdconfigIsAWarning) {
  AddFailingLdconfig();
  const TestPayload payload = Payload();
  EXPECT_THAT(
      Run(payload).warnings,
      ElementsAre("cannot run " + OnHost("sbin/ldconfig") + " in its root"));
  // It runs again, which is not a change.
  const InstallResult second = Run(payload);
  EXPECT_FALSE(second.changed);
  EXPECT_THAT(second.warnings, SizeIs(1));
  InstallOptions options = Options(payload);
  options.run_ldconfig = false;
  EXPECT_THAT(Run(options).warnings, IsEmpty());
}

// The warning of a failing ldconfig shows that it was run.
TEST_F(InstallerTest, LdconfigRunsIfAnEarlierRunEndedBeforeIt) {
  AddFailingLdconfig();
  const TestPayload payload = Payload();
  Run(payload);
  std::ofstream(OnHost("etc/ld.so.cache")) << "cache";
  const fs::file_time_type later =
      fs::file_time_type::clock::now() + std::chrono::hours(1);
  fs::last_write_time(OnHost("etc/ld.so.cache"), later);
  EXPECT_THAT(Run(payload).warnings, IsEmpty());
  // The state after a run that replaced a directory and was then killed.
  fs::last_write_time(OnHost("opt/cuda/12.4/.gantry-receipt"),
                      later + std::chrono::seconds(1));
  EXPECT_THAT(Run(payload).warnings, SizeIs(1));
}

}  // namespace
}  // namespace gantry::node
