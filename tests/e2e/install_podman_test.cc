// Pushes a payload image to a registry, pulls and runs it with a container
// engine as a node does, and runs a program that finds the payload's library
// through ldconfig's cache.

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/subprocess.h"
#include "base/temp_dir.h"
#include "base/textproto.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/image_descriptor.pb.h"
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

// Makes a directory in which the blobs' paths, which are relative to Bazel's
// execution root, lead to this test's runfiles.  Returns the directory.
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

// Makes a root file system in which dynamically linked programs and ldconfig
// run.
void MakeRootfs(const std::string& rootfs) {
  for (const char* directory :
       {"etc", "usr/sbin", "lib64", "bin", "lib/x86_64-linux-gnu"}) {
    fs::create_directories(JoinPath(rootfs, directory));
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

// A node's root file system, and a container engine that has pulled the image.
class InstallPodmanTest : public testing::Test {
 protected:
  void SetUp() override {
    if (getuid() != 0) GTEST_SKIP() << "privileged containers need root";
    GANTRY_ASSERT_OK_AND_ASSIGN(TempDir directory,
                                TempDir::Create(testing::TempDir()));
    directory_ = std::make_unique<TempDir>(std::move(directory));
    MakeRootfs(PathOf("rootfs"));
    fs::create_directories(PathOf("podman"));
    GANTRY_ASSERT_OK_AND_ASSIGN(Podman podman,
                                Podman::Create(PathOf("podman")));
    podman_ = std::make_unique<Podman>(std::move(podman));
    PublishAndPull();
  }

  void PublishAndPull() {
    fs::create_directories(PathOf("registry"));
    GANTRY_ASSERT_OK_AND_ASSIGN(const fixtures::Registry registry,
                                fixtures::Registry::Start(PathOf("registry")));
    payload::v1::ImageDescriptor image;
    ASSERT_THAT(ReadTextProto(kImage, image), IsOk());
    publish::Destination destination;
    destination.registry_repository = registry.Repository("gantry/small");
    GANTRY_ASSERT_OK_AND_ASSIGN(
        reference_,
        publish::PublishImage(
            image, MakeExecutionRoot(image, PathOf("execroot")), destination));
    ASSERT_THAT(podman_->Pull(reference_), IsOk());
  }

  std::string PathOf(absl::string_view name) const {
    return JoinPath(directory_->path(), name);
  }
  std::string RootfsPath(absl::string_view name) const {
    return JoinPath(PathOf("rootfs"), name);
  }

  // Runs the image as `docker run` does on the node.
  SubprocessResult RunImage(const std::vector<std::string>& flags) const {
    const auto result =
        podman_->RunOnRootfs(reference_, PathOf("rootfs"), flags);
    EXPECT_THAT(result, IsOk());
    return result.value_or(SubprocessResult());
  }

  // Runs a program on the node that needs a library of the payload.
  SubprocessResult RunGreeter() const {
    SubprocessOptions options;
    options.argv = {"/usr/sbin/chroot", PathOf("rootfs"), "/bin/greeter"};
    const auto result = RunSubprocess(options);
    EXPECT_THAT(result, IsOk());
    return result.value_or(SubprocessResult());
  }

  std::unique_ptr<TempDir> directory_;
  std::unique_ptr<Podman> podman_;
  std::string reference_;
};

TEST_F(InstallPodmanTest, PayloadForAnotherKernelInstallsNothing) {
  const SubprocessResult install = RunImage({});
  EXPECT_EQ(install.exit_code, 3) << install.error_output;
  EXPECT_THAT(install.error_output,
              HasSubstr("install: this payload is for flatcar-4230.2.0 with "
                        "kernel 6.6.95-flatcar, but this host is "));
  EXPECT_FALSE(fs::exists(RootfsPath("opt")));
  EXPECT_THAT(RunGreeter().error_output,
              HasSubstr("libgreeting.so.1: cannot open shared object file"));
}

TEST_F(InstallPodmanTest, ProgramFindsTheInstalledLibrary) {
  const SubprocessResult install = RunImage({kKernelFlag});
  EXPECT_EQ(install.exit_code, 0) << install.error_output;
  EXPECT_THAT(install.output,
              HasSubstr("installed /opt/nvidia/1.0/flatcar-4230.2.0 and "
                        "/opt/cuda/11.8: copied 4 files, "));
  EXPECT_EQ(fs::read_symlink(RootfsPath("opt/cuda/current")), "11.8");
  EXPECT_TRUE(fs::exists(RootfsPath(
      "opt/nvidia/current/lib/modules/6.6.95-flatcar/video/hello.ko")));

  const SubprocessResult greeter = RunGreeter();
  EXPECT_EQ(greeter.exit_code, 0) << greeter.error_output;
  EXPECT_EQ(greeter.output, "found through /opt/cuda/current\n");

  const SubprocessResult verify = RunImage({kKernelFlag, "--verify"});
  EXPECT_EQ(verify.exit_code, 0) << verify.error_output;
  EXPECT_THAT(verify.output, HasSubstr("already installed: "));
}

}  // namespace
}  // namespace gantry::e2e
