// A payload's whole way to a node: pushed to a registry, pulled and run by a
// container engine, found by a program through ldconfig's cache.

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/subprocess.h"
#include "base/temp_dir.h"
#include "base/textproto.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/payload.pb.h"
#include "release/publish/publisher.h"
#include "tests/e2e/podman.h"
#include "tests/fixtures/registry.h"

namespace gantry::e2e {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr char kImage[] = "tests/e2e/small_payload.image.textproto";
constexpr char kGreeter[] = "tests/e2e/greeter";
constexpr char kKernelFlag[] = "--kernel_release=6.6.95-flatcar";

// A folder in which the blobs' paths lead to this test's files: the image's
// description has them relative to Bazel's execution root.
std::string MakeExecutionRoot(const payload::v1::ImageDescriptor& image,
                              const std::string& directory) {
  const std::string bin = "/bin/";
  const std::string path = image.manifest().path();
  const fs::path link =
      fs::path(directory) / path.substr(0, path.find(bin)) / "bin";
  fs::create_directories(link.parent_path());
  fs::create_directory_symlink(fs::current_path(), link);
  return directory;
}

// A root in which a dynamically linked program and ldconfig run.
void MakeRootfs(const std::string& rootfs) {
  for (const char* folder :
       {"etc", "usr/sbin", "lib64", "bin", "lib/x86_64-linux-gnu"}) {
    fs::create_directories(JoinPath(rootfs, folder));
  }
  std::ofstream(JoinPath(rootfs, "etc/os-release"))
      << "ID=flatcar\nVERSION_ID=4230.2.0\n";
  std::ofstream(JoinPath(rootfs, "etc/ld.so.conf"))
      << "include /etc/ld.so.conf.d/*.conf\n";
  fs::copy("/sbin/ldconfig", JoinPath(rootfs, "usr/sbin/ldconfig"));
  for (const std::string library :
       {"lib64/ld-linux-x86-64.so.2", "lib/x86_64-linux-gnu/libc.so.6"}) {
    fs::copy_file("/" + library, JoinPath(rootfs, library));
  }
  fs::copy_file(kGreeter, JoinPath(rootfs, "bin/greeter"));
}

SubprocessResult RunGreeter(const std::string& rootfs) {
  SubprocessOptions options;
  options.argv = {"/usr/sbin/chroot", rootfs, "/bin/greeter"};
  const auto result = RunSubprocess(options);
  EXPECT_TRUE(result.ok()) << result.status();
  return result.value_or(SubprocessResult());
}

class InstallPodmanTest : public testing::Test {
 protected:
  InstallPodmanTest()
      : temp_(*TempDir::Create(testing::TempDir())), rootfs_(Path("rootfs")) {
    MakeRootfs(rootfs_);
    fs::create_directories(Path("registry"));
    fs::create_directories(Path("podman"));
  }

  std::string Path(const std::string& name) {
    return JoinPath(temp_.path(), name);
  }

  const TempDir temp_;
  const std::string rootfs_;
};

TEST_F(InstallPodmanTest, ProgramFindsWhatThePulledImageInstalled) {
  if (getuid() != 0) GTEST_SKIP() << "privileged containers need root";
  payload::v1::ImageDescriptor image;
  ASSERT_TRUE(ReadTextProto(kImage, image).ok());
  const auto registry = fixtures::Registry::Start(Path("registry"));
  ASSERT_TRUE(registry.ok()) << registry.status();
  publish::PublishTarget target;
  target.registry_repository = registry->Repository("gantry/small");
  const auto reference = publish::PublishImage(
      image, MakeExecutionRoot(image, Path("execroot")), target);
  ASSERT_TRUE(reference.ok()) << reference.status();

  const auto podman = Podman::Create(Path("podman"));
  ASSERT_TRUE(podman.ok()) << podman.status();
  const absl::Status pulled = podman->Pull(*reference);
  ASSERT_TRUE(pulled.ok()) << pulled;

  // This machine's own kernel is another one.
  auto run = podman->RunOnRootfs(*reference, rootfs_, {});
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_EQ(run->exit_code, 3) << run->error_output;
  EXPECT_THAT(run->error_output,
              HasSubstr("install: this payload is for flatcar-4230.2.0 with "
                        "kernel 6.6.95-flatcar, and this host is "));
  EXPECT_FALSE(fs::exists(JoinPath(rootfs_, "opt")));
  EXPECT_THAT(RunGreeter(rootfs_).error_output,
              HasSubstr("libgreeting.so.1: cannot open shared object file"));

  run = podman->RunOnRootfs(*reference, rootfs_, {kKernelFlag});
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_EQ(run->exit_code, 0) << run->error_output;
  EXPECT_THAT(run->output,
              HasSubstr("installed /opt/nvidia/1.0/flatcar-4230.2.0 and "
                        "/opt/cuda/11.8: copied 4 files, "));
  EXPECT_EQ(fs::read_symlink(JoinPath(rootfs_, "opt/cuda/current")), "11.8");
  EXPECT_TRUE(fs::exists(JoinPath(
      rootfs_,
      "opt/nvidia/current/lib/modules/6.6.95-flatcar/video/hello.ko")));

  const SubprocessResult greeter = RunGreeter(rootfs_);
  EXPECT_EQ(greeter.exit_code, 0) << greeter.error_output;
  EXPECT_EQ(greeter.output, "found through /opt/cuda/current\n");

  run = podman->RunOnRootfs(*reference, rootfs_, {kKernelFlag, "--verify"});
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_EQ(run->exit_code, 0) << run->error_output;
  EXPECT_THAT(run->output, HasSubstr("already installed: "));
}

}  // namespace
}  // namespace gantry::e2e
