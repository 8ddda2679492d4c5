#include "payload/node/installer.h"

#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "payload/node/exit_code.h"
#include "payload/node/install_lock.h"
#include "payload/node/test_mount.h"
#include "payload/node/test_payload.h"

namespace gantry::node {
namespace {

namespace fs = std::filesystem;

class InstallerTest : public testing::Test {
 protected:
  InstallerTest()
      : temp_(*TempDir::Create(FastTempParent())),
        rootfs_(JoinPath(temp_.path(), "rootfs")) {
    MakeTestRootfs(rootfs_);
  }

  TestPayload Payload(const std::string& cuda_version = "12.4",
                      const std::string& content = "one") {
    return TestPayload::Small(JoinPath(temp_.path(), "image-" + content),
                              cuda_version, content);
  }
  InstallOptions Options(const TestPayload& payload) {
    InstallOptions options;
    options.image_root = payload.image_root();
    options.rootfs = rootfs_;
    options.kernel_release = kTestKernel;
    return options;
  }
  InstallResult Run(const InstallOptions& options) {
    const auto result = Install(options);
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? *result : InstallResult();
  }
  InstallResult Run(const TestPayload& payload) {
    return Run(Options(payload));
  }
  absl::Status Error(const TestPayload& payload) {
    return Install(Options(payload)).status();
  }

  std::string In(const std::string& path) { return JoinPath(rootfs_, path); }
  std::string Read(const std::string& path) {
    return ReadFile(In(path)).value_or("<nothing>");
  }
  std::string LinkOf(const std::string& path) {
    return fs::read_symlink(In(path));
  }
  void Damage(const std::string& path) {
    // Of the same length.
    std::string content = *ReadFile(path);
    content.back() ^= 1;
    std::ofstream(path) << content;
  }
  // Makes a directory that nobody of us has installed.
  void MakeForeign(const std::string& path) {
    fs::create_directories(In(path));
    std::ofstream(In(path + "/kept")) << "foreign";
  }
  void ExpectForeign(const std::string& path, const std::string& reason) {
    const absl::Status status = Error(Payload());
    EXPECT_THAT(status,
                StatusIs(absl::StatusCode::kFailedPrecondition,
                         path + " was not installed by this installer: it " +
                             reason + "; move it away and run this again"));
    EXPECT_EQ(ExitCodeOf(status), ExitCode::kForeign);
  }
  void ExpectNoLeftovers() {
    for (const auto& entry : fs::recursive_directory_iterator(rootfs_)) {
      const std::string name = entry.path().filename();
      EXPECT_TRUE(name[0] != '.' || name == ".gantry.lock" ||
                  name == ".gantry-receipt")
          << entry.path();
    }
  }

  const TempDir temp_;
  const std::string rootfs_;
};

TEST_F(InstallerTest, InstallsOnAFreshHost) {
  const InstallResult result = Run(Payload());
  EXPECT_EQ(FormatSummary(result),
            "installed /opt/nvidia/535.261.03/flatcar-4230.2.0 and "
            "/opt/cuda/12.4: copied 5 files, 33 B");
  EXPECT_EQ(LinkOf("opt/cuda/current"), "12.4");
  EXPECT_EQ(LinkOf("opt/nvidia/current"), "535.261.03/flatcar-4230.2.0");
  EXPECT_EQ(Read("opt/cuda/current/bin/nvcc"), "nvcc one");
  EXPECT_EQ(fs::status(In("opt/cuda/12.4/bin/nvcc")).permissions(),
            fs::perms(0755));
  EXPECT_EQ(LinkOf("opt/cuda/12.4/lib64/libcudart.so"), "libcudart.so.1");
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
  ExpectNoLeftovers();
}

TEST_F(InstallerTest, SecondRunChangesNothing) {
  Run(Payload());
  struct stat before, after;
  ASSERT_EQ(lstat(In("opt/cuda/current").c_str(), &before), 0);
  const InstallResult result = Run(Payload());
  EXPECT_EQ(FormatSummary(result),
            "already installed: /opt/nvidia/535.261.03/flatcar-4230.2.0 and "
            "/opt/cuda/12.4; nothing changed");
  EXPECT_EQ(*ResultJson(result),
            "{\n"
            " \"bytes_copied\": 0,\n"
            " \"changed\": false,\n"
            " \"cuda\": {\n"
            "  \"changed\": false,\n"
            "  \"path\": \"/opt/cuda/12.4\"\n"
            " },\n"
            " \"files_copied\": 0,\n"
            " \"nvidia\": {\n"
            "  \"changed\": false,\n"
            "  \"path\": \"/opt/nvidia/535.261.03/flatcar-4230.2.0\"\n"
            " }\n"
            "}\n");
  ASSERT_EQ(lstat(In("opt/cuda/current").c_str(), &after), 0);
  EXPECT_EQ(before.st_ino, after.st_ino);
}

TEST_F(InstallerTest, NewToolkitLeavesTheOldOneAndTheDriver) {
  Run(Payload("11.8"));
  const InstallResult result = Run(Payload("12.4"));
  EXPECT_EQ(*ResultJson(result),
            "{\n"
            " \"bytes_copied\": 14,\n"
            " \"changed\": true,\n"
            " \"cuda\": {\n"
            "  \"changed\": true,\n"
            "  \"path\": \"/opt/cuda/12.4\"\n"
            " },\n"
            " \"files_copied\": 2,\n"
            " \"nvidia\": {\n"
            "  \"changed\": false,\n"
            "  \"path\": \"/opt/nvidia/535.261.03/flatcar-4230.2.0\"\n"
            " }\n"
            "}\n");
  EXPECT_EQ(LinkOf("opt/cuda/current"), "12.4");
  EXPECT_EQ(Read("opt/cuda/11.8/bin/nvcc"), "nvcc one");
}

TEST_F(InstallerTest, SameVersionWithOtherFilesIsReplaced) {
  Run(Payload("12.4", "one"));
  Run(Payload("12.4", "two"));
  EXPECT_EQ(Read("opt/cuda/current/bin/nvcc"), "nvcc two");
  ExpectNoLeftovers();
}

TEST_F(InstallerTest, LostFileModeOrLinkIsRepaired) {
  const TestPayload payload = Payload();
  const std::string folder = "opt/cuda/12.4/";
  const std::vector<std::function<void()>> damages = {
      [&] { fs::remove(In(folder + "bin/nvcc")); },
      [&] { fs::permissions(In(folder + "bin/nvcc"), fs::perms(0600)); },
      [&] { fs::resize_file(In(folder + "bin/nvcc"), 3); },
      [&] { std::ofstream(In(folder + ".gantry-receipt")) << "damaged"; },
      [&] {
        fs::remove(In(folder + "lib64/libcudart.so"));
        fs::create_symlink("elsewhere", In(folder + "lib64/libcudart.so"));
      },
  };
  for (const auto& damage : damages) {
    Run(payload);
    damage();
    EXPECT_TRUE(Run(payload).changed);
    EXPECT_EQ(Read(folder + "bin/nvcc"), "nvcc one");
    EXPECT_FALSE(Run(payload).changed);
  }
}

TEST_F(InstallerTest, ChangedBytesAreFoundAndRepairedByVerify) {
  const TestPayload payload = Payload();
  Run(payload);
  Damage(In("opt/nvidia/current/lib64/libcuda.so.1"));
  EXPECT_FALSE(Run(payload).changed);
  InstallOptions options = Options(payload);
  options.verify = true;
  EXPECT_TRUE(Run(options).changed);
  EXPECT_EQ(Read("opt/nvidia/current/lib64/libcuda.so.1"), "cu one");
  EXPECT_FALSE(Run(options).changed);
}

TEST_F(InstallerTest, FolderThatComesBackIntoUseIsHashed) {
  Run(Payload("11.8"));
  Run(Payload("12.4", "two"));
  Damage(In("opt/cuda/11.8/lib64/libcudart.so.1"));
  EXPECT_TRUE(Run(Payload("11.8")).changed);
  EXPECT_EQ(LinkOf("opt/cuda/current"), "11.8");
  EXPECT_EQ(Read("opt/cuda/current/lib64/libcudart.so.1"), "rt one");
}

TEST_F(InstallerTest, DamagedPayloadIsRefusedAndChangesNothing) {
  Run(Payload("11.8"));
  const TestPayload payload = Payload("12.4", "two");
  const std::string file = payload.SourcePath(0, "lib64/libcudart.so.1");
  Damage(file);
  const absl::Status status = Error(payload);
  EXPECT_EQ(ExitCodeOf(status), ExitCode::kDamagedPayload);
  EXPECT_EQ(status.message(),
            "damaged payload: " + file + " has 6 bytes and digest " +
                Sha256Digest("rt twn") + ", the manifest says 6 bytes and " +
                Sha256Digest("rt two"));
  EXPECT_EQ(LinkOf("opt/cuda/current"), "11.8");
  EXPECT_FALSE(fs::exists(In("opt/cuda/12.4")));
  // The driver was staged already: it is not switched to on its own.
  EXPECT_EQ(Read("opt/nvidia/current/lib64/libcuda.so.1"), "cu one");
  ExpectNoLeftovers();
}

TEST_F(InstallerTest, MissingPayloadFileOrManifestIsDamage) {
  const TestPayload payload = Payload();
  fs::remove(payload.SourcePath(1, "lib64/libcuda.so.1"));
  absl::Status status = Error(payload);
  EXPECT_EQ(ExitCodeOf(status), ExitCode::kDamagedPayload);
  EXPECT_EQ(status.message(),
            "damaged payload: " + payload.SourcePath(1, "lib64/libcuda.so.1") +
                ": No such file or directory");
  std::ofstream(JoinPath(payload.image_root(), "gantry/manifest.binpb"))
      << "\xff\xff";
  status = Error(payload);
  EXPECT_EQ(ExitCodeOf(status), ExitCode::kDamagedPayload);
  EXPECT_EQ(status.message(),
            "damaged payload: /gantry/manifest.binpb: not a payload manifest");
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
  // More than any file system of tests has.
  payload.manifest().mutable_component(0)->mutable_file(1)->set_size(int64_t{1}
                                                                     << 40);
  payload.WriteManifest();
  const absl::Status status = Error(payload);
  EXPECT_EQ(ExitCodeOf(status), ExitCode::kNoSpace);
  EXPECT_EQ(status.message().find("not enough space on " + In("opt") +
                                  ": needs 10995"),
            0u)
      << status;
  EXPECT_FALSE(fs::exists(In("opt/cuda")));
  EXPECT_FALSE(fs::exists(In("opt/nvidia")));
}

TEST_F(InstallerTest, WrongHostIsRefusedAndUntouched) {
  InstallOptions options = Options(Payload());
  options.kernel_release = "6.6.96-flatcar";
  EXPECT_EQ(ExitCodeOf(Install(options).status()), ExitCode::kWrongHost);
  EXPECT_FALSE(fs::exists(In("opt")));
}

TEST_F(InstallerTest, NoHostRootIsAUsageError) {
  const TestPayload payload = Payload();
  InstallOptions options = Options(payload);
  options.rootfs = JoinPath(temp_.path(), "nothing");
  absl::Status status = Install(options).status();
  EXPECT_EQ(ExitCodeOf(status), ExitCode::kUsage);
  EXPECT_EQ(status.message(),
            options.rootfs +
                ": No such file or directory; run the image with -v "
                "/:/rootfs, or name the host's root with --rootfs");
  fs::create_directories(options.rootfs);
  status = Install(options).status();
  EXPECT_EQ(ExitCodeOf(status), ExitCode::kUsage);
  EXPECT_EQ(status.message(),
            options.rootfs +
                ": no /etc/os-release and no /usr/lib/os-release; run the "
                "image with -v /:/rootfs, or name the host's root with "
                "--rootfs");
}

TEST_F(InstallerTest, HostWithAnEmptyVersionIsAUsageError) {
  const TestPayload payload = Payload();
  std::ofstream(In("usr/lib/os-release")) << "ID=flatcar\nVERSION_ID=\n";
  const absl::Status status = Error(payload);
  EXPECT_EQ(ExitCodeOf(status), ExitCode::kUsage);
  EXPECT_EQ(status.message(),
            rootfs_ +
                ": os-release sets no VERSION_ID; run the image with -v "
                "/:/rootfs, or name the host's root with --rootfs");
  EXPECT_FALSE(fs::exists(In("opt")));
}

TEST_F(InstallerTest, ConcurrentRunIsRefusedAtOnce) {
  const TestPayload payload = Payload();
  {
    const auto lock = LockHost(*Folder::Open(rootfs_));
    ASSERT_TRUE(lock.ok()) << lock.status();
    const absl::Status status = Error(payload);
    EXPECT_EQ(ExitCodeOf(status), ExitCode::kBusy);
    EXPECT_EQ(status.message(),
              "another installer is at work on this host: it holds " +
                  In("opt/.gantry.lock"));
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
  EXPECT_FALSE(fs::exists(In("opt")));
}

TEST_F(InstallerTest, ForeignDirectoryIsRefusedAndUntouched) {
  for (const std::string path :
       {"opt/cuda/12.4", "opt/nvidia/535.261.03/flatcar-4230.2.0"}) {
    MakeForeign(path);
    ExpectForeign("/" + path, "has no .gantry-receipt");
    EXPECT_EQ(Read(path + "/kept"), "foreign");
    EXPECT_FALSE(fs::exists(In("opt/cuda/current")));
    EXPECT_FALSE(fs::exists(In("opt/nvidia/current")));
    fs::remove_all(In(path));
  }
  EXPECT_TRUE(Run(Payload()).changed);
}

TEST_F(InstallerTest, ForeignFileInPlaceOfADirectoryIsRefused) {
  fs::create_directories(In("opt/cuda"));
  std::ofstream(In("opt/cuda/12.4")) << "foreign";
  ExpectForeign("/opt/cuda/12.4", "is not a directory");
  EXPECT_EQ(Read("opt/cuda/12.4"), "foreign");
  EXPECT_FALSE(fs::exists(In("opt/nvidia")));
}

TEST_F(InstallerTest, ForeignCurrentIsRefusedAndUntouched) {
  const std::string link = In("opt/cuda/current");
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
                  "leads to " + target + ", outside its directory");
    EXPECT_EQ(LinkOf("opt/cuda/current"), target);
    fs::remove(link);
  }
  EXPECT_FALSE(fs::exists(In("opt/nvidia")));
}

TEST_F(InstallerTest, ForeignLdConfIsRefusedAndUntouched) {
  fs::create_directories(In("etc/ld.so.conf.d"));
  std::ofstream(In("etc/ld.so.conf.d/gantry.conf")) << "/opt/cranes/lib\n";
  ExpectForeign("/etc/ld.so.conf.d/gantry.conf",
                "does not start with \"# Written by Gantry's installer.\"");
  EXPECT_EQ(Read("etc/ld.so.conf.d/gantry.conf"), "/opt/cranes/lib\n");
  EXPECT_FALSE(fs::exists(In("opt/cuda")));
}

// What every release of the installer leaves: a receipt with any digest, a
// relative link, and a configuration file with this first line.
TEST_F(InstallerTest, InstallationOfAnotherReleaseIsOurs) {
  MakeForeign("opt/cuda/12.4");
  std::ofstream(In("opt/cuda/12.4/.gantry-receipt")) << "sha256:12ab\n";
  fs::create_directory_symlink("12.4", In("opt/cuda/current"));
  fs::create_directories(In("etc/ld.so.conf.d"));
  std::ofstream(In("etc/ld.so.conf.d/gantry.conf"))
      << "# Written by Gantry's installer.\n/opt/cuda/lib\n";
  Run(Payload());
  EXPECT_EQ(Read("opt/cuda/current/bin/nvcc"), "nvcc one");
  EXPECT_FALSE(Run(Payload()).changed);
}

TEST_F(InstallerTest, CurrentThatLeadsToARemovedVersionIsReplaced) {
  Run(Payload("11.8"));
  fs::remove_all(In("opt/cuda/11.8"));
  Run(Payload("12.4"));
  EXPECT_EQ(LinkOf("opt/cuda/current"), "12.4");
}

TEST_F(InstallerTest, MountBelowWhatWouldBeReplacedIsRefused) {
  Run(Payload("12.4", "one"));
  MakeForeign("home");
  fs::create_directories(In("opt/cuda/12.4/samples"));
  {
    const BindMount mount(In("home"), In("opt/cuda/12.4/samples"));
    const absl::Status status = Error(Payload("12.4", "two"));
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition,
                                 "cannot remove " + In("opt/cuda/12.4") +
                                     ": something is mounted on " +
                                     In("opt/cuda/12.4/samples") +
                                     "; unmount it and run this again"));
    EXPECT_EQ(ExitCodeOf(status), ExitCode::kMounted);
    EXPECT_EQ(Read("home/kept"), "foreign");
    EXPECT_EQ(Read("opt/cuda/current/bin/nvcc"), "nvcc one");
    EXPECT_EQ(Read("opt/nvidia/current/lib64/libcuda.so.1"), "cu one");
    EXPECT_FALSE(Run(Payload("12.4", "one")).changed);
  }
  Run(Payload("12.4", "two"));
  EXPECT_EQ(Read("opt/cuda/current/bin/nvcc"), "nvcc two");
  EXPECT_EQ(Read("home/kept"), "foreign");
  ExpectNoLeftovers();
}

TEST_F(InstallerTest, MountBelowALeftoverIsRefused) {
  MakeForeign("home");
  const std::string leftover = In("opt/cuda/.gantry-staging");
  fs::create_directories(leftover + "/samples");
  {
    const BindMount mount(In("home"), leftover + "/samples");
    InstallOptions options = Options(Payload());
    for (const bool dry_run : {true, false}) {
      options.dry_run = dry_run;
      EXPECT_EQ(ExitCodeOf(Install(options).status()), ExitCode::kMounted);
    }
    EXPECT_EQ(Read("home/kept"), "foreign");
    EXPECT_FALSE(fs::exists(In("opt/cuda/12.4")));
  }
  Run(Payload());
  EXPECT_EQ(Read("home/kept"), "foreign");
  ExpectNoLeftovers();
}

TEST_F(InstallerTest, LinksOfTheHostAreFollowedInsideItsRoot) {
  fs::create_directories(In("var/opt"));
  fs::create_directory_symlink("/var/opt", In("opt"));
  Run(Payload());
  EXPECT_EQ(Read("var/opt/cuda/current/bin/nvcc"), "nvcc one");
}

TEST_F(InstallerTest, FailingLdconfigIsAWarning) {
  fs::create_directories(In("sbin"));
  std::ofstream(In("sbin/ldconfig")) << "not a program";
  fs::permissions(In("sbin/ldconfig"), fs::perms(0755));
  const TestPayload payload = Payload();
  EXPECT_EQ(Run(payload).warnings,
            std::vector<std::string>{"cannot run " + In("sbin/ldconfig") +
                                     " in its root"});
  // It is made up for, but is no change.
  const InstallResult second = Run(payload);
  EXPECT_FALSE(second.changed);
  EXPECT_EQ(second.warnings.size(), 1u);
  InstallOptions options = Options(payload);
  options.run_ldconfig = false;
  EXPECT_TRUE(Run(options).warnings.empty());
}

// Its warning tells whether ldconfig was to run.
TEST_F(InstallerTest, LdconfigIsMadeUpForAfterAFolderWasReplaced) {
  fs::create_directories(In("sbin"));
  std::ofstream(In("sbin/ldconfig")) << "not a program";
  fs::permissions(In("sbin/ldconfig"), fs::perms(0755));
  const TestPayload payload = Payload();
  Run(payload);
  std::ofstream(In("etc/ld.so.cache")) << "cache";
  const fs::file_time_type later =
      fs::file_time_type::clock::now() + std::chrono::hours(1);
  fs::last_write_time(In("etc/ld.so.cache"), later);
  EXPECT_TRUE(Run(payload).warnings.empty());
  // As a run leaves it that was killed before it came to ldconfig.
  fs::last_write_time(In("opt/cuda/12.4/.gantry-receipt"),
                      later + std::chrono::seconds(1));
  EXPECT_EQ(Run(payload).warnings.size(), 1u);
}

}  // namespace
}  // namespace gantry::node
