#include "builder/userland/tree_layout.h"

#include <string>

#include "absl/status/status.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::userland {
namespace {

struct Case {
  const char* path;
  const char* destination;
};

std::string Debian(TreeLayout layout, const std::string& path) {
  const absl::StatusOr<Destination> destination =
      DebianDestination(layout, path);
  return destination.ok() ? destination->path : destination.status().ToString();
}

std::string Redist(TreeLayout layout, const std::string& path) {
  const absl::StatusOr<Destination> destination =
      RedistDestination(layout, path);
  return destination.ok() ? destination->path : destination.status().ToString();
}

// Paths of the packages of nvidia-cuda-toolkit 11.8.0-5~deb12u1.
TEST(LayoutTest, DebianToolkitGetsNvidiasLayout) {
  for (const Case& c : {
           Case{"usr/lib/x86_64-linux-gnu/libcudart.so.11.8.89",
                "lib64/libcudart.so.11.8.89"},
           {"usr/lib/aarch64-linux-gnu/libx.so", "lib64/libx.so"},
           {"usr/lib/x86_64-linux-gnu/stubs/libcuda.so",
            "lib64/stubs/libcuda.so"},
           {"usr/lib/x86_64-linux-gnu/libnvvm.so.4.0.0",
            "nvvm/lib64/libnvvm.so.4.0.0"},
           {"usr/lib/x86_64-linux-gnu/pkgconfig/cuda.pc", ""},
           {"usr/include/crt/host_defines.h", "include/crt/host_defines.h"},
           {"usr/include/nvvm.h", "nvvm/include/nvvm.h"},
           {"usr/bin/ptxas", "bin/ptxas"},
           {"usr/lib/nvidia-cuda-toolkit/bin/nvcc", "bin/nvcc"},
           {"usr/lib/nvidia-cuda-toolkit/bin/nvcc.profile", ""},
           {"usr/lib/nvidia-cuda-toolkit/bin/g++", ""},
           {"usr/lib/nvidia-cuda-toolkit/bin/cicc", "nvvm/bin/cicc"},
           {"usr/lib/nvidia-cuda-toolkit/libdevice/libdevice.10.bc",
            "nvvm/libdevice/libdevice.10.bc"},
           {"usr/lib/cuda/nvvm/libdevice", ""},
           {"etc/nvcc.profile", ""},
           {"usr/share/man/man1/nvcc.1.gz", ""},
           {"usr/share/doc/libcudart11.0/changelog.Debian.gz", ""},
           {"usr/share/doc/libcudart11.0/copyright",
            "share/doc/libcudart11.0/copyright"},
       }) {
    EXPECT_EQ(Debian(TreeLayout::kCuda, c.path), c.destination) << c.path;
  }
}

// Paths of the packages of nvidia-graphics-drivers 535.261.03-1.
TEST(LayoutTest, DebianDriverBecomesOneDirectory) {
  for (const Case& c : {
           Case{"usr/lib/x86_64-linux-gnu/nvidia/current/libcuda.so.1",
                "lib64/libcuda.so.1"},
           {"usr/lib/x86_64-linux-gnu/libnvidia-pkcs11-openssl3.so.535.261.03",
            "lib64/libnvidia-pkcs11-openssl3.so.535.261.03"},
           {"usr/lib/nvidia/current/nvidia-smi", "bin/nvidia-smi"},
           {"usr/lib/nvidia/current/nvidia-smi.1.gz", ""},
           {"usr/sbin/nvidia-cuda-mps-server", "bin/nvidia-cuda-mps-server"},
           {"lib/firmware/nvidia/535.261.03/gsp_ga10x.bin",
            "lib/firmware/nvidia/535.261.03/gsp_ga10x.bin"},
           {"usr/lib/firmware/nvidia/550.163.01/gsp_ga10x.bin",
            "lib/firmware/nvidia/550.163.01/gsp_ga10x.bin"},
           {"lib/systemd/system/nvidia-persistenced.service", ""},
       }) {
    EXPECT_EQ(Debian(TreeLayout::kDriver, c.path), c.destination) << c.path;
  }
}

TEST(LayoutTest, ProgramHasAHigherRankThanTheScriptThatCallsIt) {
  EXPECT_EQ(DebianDestination(TreeLayout::kCuda, "usr/bin/nvcc")->rank, 0);
  EXPECT_EQ(DebianDestination(TreeLayout::kCuda,
                              "usr/lib/nvidia-cuda-toolkit/bin/nvcc")
                ->rank,
            1);
}

TEST(LayoutTest, UnknownDebianPathIsInvalidArgument) {
  EXPECT_EQ(Debian(TreeLayout::kCuda, "opt/nvidia/x"),
            "INVALID_ARGUMENT: no layout rule for opt/nvidia/x");
  EXPECT_EQ(Debian(TreeLayout::kCuda, "usr/lib64x/y"),
            "INVALID_ARGUMENT: no layout rule for usr/lib64x/y");
}

TEST(LayoutTest, RedistArchiveKeepsItsDirectoriesExceptLib) {
  const std::string top = "cuda_nvcc-linux-x86_64-12.4.131-archive/";
  for (const Case& c : {
           Case{"lib/libcudart.so.12", "lib64/libcudart.so.12"},
           {"bin/nvcc", "bin/nvcc"},
           {"nvvm/libdevice/libdevice.10.bc", "nvvm/libdevice/libdevice.10.bc"},
           {"pkg-config/cuda.pc", ""},
           {"LICENSE", "share/doc/cuda_nvcc/LICENSE"},
       }) {
    EXPECT_EQ(Redist(TreeLayout::kCuda, top + c.path), c.destination) << c.path;
  }
}

TEST(LayoutTest, RedistDriverHasOnlyRuntimeFiles) {
  const std::string top = "nvidia_driver-linux-x86_64-535.129.03-archive/";
  for (const Case& c : {
           Case{"lib/libcuda.so.535.129.03", "lib64/libcuda.so.535.129.03"},
           {"sbin/nvidia-persistenced", "bin/nvidia-persistenced"},
           {"firmware/gsp_ga10x.bin",
            "lib/firmware/nvidia/535.129.03/gsp_ga10x.bin"},
           {"kernel-open/Kbuild", ""},
           {"lib32/libcuda.so.1", ""},
       }) {
    EXPECT_EQ(Redist(TreeLayout::kDriver, top + c.path), c.destination)
        << c.path;
  }
}

TEST(LayoutTest, RedistArchiveWithoutItsTopDirectoryIsInvalidArgument) {
  EXPECT_EQ(Redist(TreeLayout::kCuda, "lib/libcudart.so"),
            "INVALID_ARGUMENT: lib/libcudart.so is not below "
            "<component>-linux-<architecture>-<version>-archive");
}

TEST(LayoutTest, UnknownLayoutIsInvalidArgument) {
  EXPECT_THAT(ParseTreeLayout("debian"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "layout \"debian\": must be cuda or driver"));
}

}  // namespace
}  // namespace gantry::userland
