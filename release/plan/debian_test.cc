#include "release/plan/debian.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/coordinates.pb.h"
#include "proto/lock.pb.h"
#include "proto/matrix.pb.h"
#include "release/plan/package_index.h"

namespace gantry::plan {
namespace {

using ::gantry::matrix::v1::Channel;
using ::gantry::matrix::v1::CudaToolkit;
using ::gantry::matrix::v1::Driver;
using ::gantry::matrix::v1::LockedDriver;
using ::gantry::matrix::v1::LockedToolkit;
using ::testing::ElementsAre;

// An index with kernels, drivers and toolkits.
class DebianTest : public testing::Test {
 protected:
  void Add(const std::string& name, const std::string& version,
           const std::string& source = "") {
    ASSERT_THAT(
        packages_.Add(
            absl::StrCat("Package: ", name, "\nVersion: ", version,
                         source.empty() ? "" : "\nSource: " + source,
                         "\nFilename: pool/", name, "_", version,
                         ".deb\nSize: 1\nSHA256: ", std::string(64, 'a'), "\n"),
            "http://mirror.example/debian"),
        IsOk());
  }

  void AddKernel(const std::string& release) {
    Add("linux-headers-" + release, "1");
    Add("linux-image-" + release, "1");
  }

  void SetUp() override {
    for (const char* release :
         {"6.1.0-50-cloud-amd64", "6.1.0-9-cloud-amd64", "6.1.0-56-cloud-amd64",
          "6.1.0-56-amd64", "6.1.0-57-rt-amd64", "6.12.95+deb12-cloud-amd64",
          "6.12.117+deb12-cloud-amd64", "6.12-cloud-amd64", "cloud-amd64"}) {
      AddKernel(release);
    }
    // Headers of a kernel without an image.
    Add("linux-headers-6.1.0-99-cloud-amd64", "1");

    Add("nvidia-open-kernel-source", "535.261.03-1");
    Add("libcuda1", "535.261.03-1");
    Add("libcuda1", "535.309.01-0+deb12u1");
    Add("nvidia-modprobe", "535.161.07-1~deb12u1");
    for (const char* name : {"libnppc11", "libnpps11", "libcublas11"}) {
      Add(name, "11.11.3.6~11.8.0-5~deb12u1",
          "nvidia-cuda-toolkit (11.8.0-5~deb12u1)");
    }
    Add("libnppc12", "12.2.5.30~12.4.1-2", "nvidia-cuda-toolkit (12.4.1-2)");
    Add("libnpp-unrelated", "11.8-1");
    Add("libnppx", "2.0-1");
  }

  absl::StatusOr<std::vector<std::string>> Kernels(const Channel& channel) {
    return ResolveKernels(channel, packages_);
  }

  PackageIndex packages_;
};

Channel KernelChannel(const std::string& series, const std::string& flavour,
                      int newest) {
  Channel channel;
  channel.set_name("c");
  channel.set_kernel_series(series);
  channel.set_kernel_flavour(flavour);
  channel.set_newest(newest);
  return channel;
}

TEST_F(DebianTest, NewestKernelsOfASeriesAreFound) {
  EXPECT_THAT(Kernels(KernelChannel("6.1", "cloud-amd64", 0)),
              IsOkAndHolds(ElementsAre("6.1.0-56-cloud-amd64")));
  EXPECT_THAT(
      Kernels(KernelChannel("6.1", "cloud-amd64", 5)),
      IsOkAndHolds(ElementsAre("6.1.0-56-cloud-amd64", "6.1.0-50-cloud-amd64",
                               "6.1.0-9-cloud-amd64")));
  EXPECT_THAT(Kernels(KernelChannel("6.12", "cloud-amd64", 5)),
              IsOkAndHolds(ElementsAre("6.12.117+deb12-cloud-amd64",
                                       "6.12.95+deb12-cloud-amd64")));
}

TEST_F(DebianTest, KernelFlavourIsMatchedExactly) {
  EXPECT_THAT(Kernels(KernelChannel("6.1", "amd64", 5)),
              IsOkAndHolds(ElementsAre("6.1.0-56-amd64")));
}

TEST_F(DebianTest, ListedKernelsAreFound) {
  Channel channel;
  channel.set_name("pinned");
  channel.add_versions("6.1.0-50-cloud-amd64");
  EXPECT_THAT(Kernels(channel),
              IsOkAndHolds(ElementsAre("6.1.0-50-cloud-amd64")));
  channel.add_versions("6.1.0-99-cloud-amd64");
  EXPECT_THAT(
      Kernels(channel),
      StatusIs(absl::StatusCode::kNotFound,
               "no kernel 6.1.0-99-cloud-amd64, because Debian's archive keeps "
               "only the newest few"));
}

TEST_F(DebianTest, SeriesWithoutKernelsIsNotFound) {
  EXPECT_THAT(Kernels(KernelChannel("6.13", "cloud-amd64", 1)),
              StatusIs(absl::StatusCode::kNotFound,
                       "no kernel 6.13.* of flavour cloud-amd64"));
}

Driver DebianDriver535() {
  Driver driver;
  driver.set_version("535");
  driver.set_flavour(cell::v1::DRIVER_FLAVOUR_OPEN);
  driver.mutable_debian()->set_source_package("nvidia-open-kernel-source");
  driver.mutable_debian()->add_packages("libcuda1");
  return driver;
}

TEST_F(DebianTest, UserSpaceHasTheVersionOfTheSources) {
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const LockedDriver locked,
      ResolveDebianDriver(DebianDriver535(), packages_));
  EXPECT_EQ(locked.version(), "535.261.03");
  EXPECT_EQ(locked.source().url(),
            "http://mirror.example/debian/pool/"
            "nvidia-open-kernel-source_535.261.03-1.deb");
  ASSERT_EQ(locked.userland_files_size(), 1);
  EXPECT_EQ(locked.userland_files(0).url(),
            "http://mirror.example/debian/pool/libcuda1_535.261.03-1.deb");
}

TEST_F(DebianTest, MissingUserSpaceIsNotFound) {
  Driver driver = DebianDriver535();
  driver.mutable_debian()->add_packages("nvidia-modprobe");
  EXPECT_THAT(ResolveDebianDriver(driver, packages_),
              StatusIs(absl::StatusCode::kNotFound,
                       "driver 535.261.03: no suitable version of package "
                       "nvidia-modprobe; available: 535.161.07-1~deb12u1"));
}

TEST_F(DebianTest, UnknownBranchIsNotFound) {
  Driver driver = DebianDriver535();
  driver.set_version("550");
  EXPECT_THAT(ResolveDebianDriver(driver, packages_),
              StatusIs(absl::StatusCode::kNotFound,
                       "driver 550: no suitable version of package "
                       "nvidia-open-kernel-source; available: 535.261.03-1"));
}

CudaToolkit Toolkit(const std::string& version,
                    const std::vector<std::string>& packages) {
  CudaToolkit toolkit;
  toolkit.set_version(version);
  for (const std::string& package : packages) {
    toolkit.mutable_debian()->add_packages(package);
  }
  return toolkit;
}

TEST_F(DebianTest, PrefixSelectsThePackagesOfTheToolkit) {
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const LockedToolkit locked,
      ResolveDebianToolkit(
          Toolkit("11.8", {"libnpps11", "libnpp*", "libcublas11"}), packages_));
  std::vector<std::string> urls;
  for (const auto& file : locked.components()) urls.push_back(file.url());
  const std::string tail = "_11.11.3.6%7e11.8.0-5%7edeb12u1.deb";
  const std::string pool = "http://mirror.example/debian/pool/";
  EXPECT_THAT(urls,
              ElementsAre(pool + "libnpps11" + tail, pool + "libnppc11" + tail,
                          pool + "libcublas11" + tail));
}

TEST_F(DebianTest, PackageOfAnotherToolkitIsNotFound) {
  EXPECT_THAT(ResolveDebianToolkit(Toolkit("11.8", {"libnppc12"}), packages_),
              StatusIs(absl::StatusCode::kNotFound,
                       "CUDA 11.8: no suitable version of package libnppc12; "
                       "available: 12.2.5.30~12.4.1-2"));
  EXPECT_THAT(
      ResolveDebianToolkit(Toolkit("11.8", {"libx*"}), packages_),
      StatusIs(absl::StatusCode::kNotFound, "CUDA 11.8: no package libx*"));
}

}  // namespace
}  // namespace gantry::plan
