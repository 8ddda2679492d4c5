#include "release/plan/debian.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/textproto.h"
#include "gtest/gtest.h"

namespace gantry::plan {
namespace {

using ::gantry::matrix::v1::Channel;
using ::gantry::matrix::v1::CudaToolkit;
using ::gantry::matrix::v1::Driver;

// What the archives offered on one day.
class DebianTest : public testing::Test {
 protected:
  void Add(const std::string& name, const std::string& version,
           const std::string& source = "") {
    const absl::Status status = packages_.Add(
        absl::StrCat("Package: ", name, "\nVersion: ", version,
                     source.empty() ? "" : "\nSource: " + source,
                     "\nFilename: pool/", name, "_", version,
                     ".deb\nSize: 1\nSHA256: ", std::string(64, 'a'), "\n"),
        "http://mirror.example/debian");
    EXPECT_TRUE(status.ok()) << status;
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
    // Headers of a kernel whose image is gone.
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
    Add("libnpp-of-others", "11.8-1");
    Add("libnppx", "2.0-1");
  }

  std::vector<std::string> Kernels(const Channel& channel) {
    const auto kernels = ResolveKernels(channel, packages_);
    EXPECT_TRUE(kernels.ok()) << kernels.status();
    return kernels.value_or(std::vector<std::string>());
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

TEST_F(DebianTest, NewestKernelsOfASeries) {
  EXPECT_EQ(Kernels(KernelChannel("6.1", "cloud-amd64", 0)),
            (std::vector<std::string>{"6.1.0-56-cloud-amd64"}));
  EXPECT_EQ(
      Kernels(KernelChannel("6.1", "cloud-amd64", 5)),
      (std::vector<std::string>{"6.1.0-56-cloud-amd64", "6.1.0-50-cloud-amd64",
                                "6.1.0-9-cloud-amd64"}));
  EXPECT_EQ(Kernels(KernelChannel("6.12", "cloud-amd64", 5)),
            (std::vector<std::string>{"6.12.117+deb12-cloud-amd64",
                                      "6.12.95+deb12-cloud-amd64"}));
}

TEST_F(DebianTest, FlavourIsExact) {
  EXPECT_EQ(Kernels(KernelChannel("6.1", "amd64", 5)),
            (std::vector<std::string>{"6.1.0-56-amd64"}));
}

TEST_F(DebianTest, NamedKernels) {
  Channel channel;
  channel.set_name("pinned");
  channel.add_versions("6.1.0-50-cloud-amd64");
  EXPECT_EQ(Kernels(channel),
            (std::vector<std::string>{"6.1.0-50-cloud-amd64"}));
  channel.add_versions("6.1.0-99-cloud-amd64");
  EXPECT_EQ(ResolveKernels(channel, packages_).status(),
            absl::NotFoundError(
                "channel \"pinned\": no kernel 6.1.0-99-cloud-amd64; Debian's "
                "archive keeps only the last few"));
}

TEST_F(DebianTest, SeriesWithoutKernelsIsNotFound) {
  EXPECT_EQ(ResolveKernels(KernelChannel("6.13", "cloud-amd64", 1), packages_)
                .status(),
            absl::NotFoundError(
                "channel \"c\": no kernel 6.13.* of flavour cloud-amd64"));
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
  const auto locked = ResolveDebianDriver(DebianDriver535(), packages_);
  ASSERT_TRUE(locked.ok()) << locked.status();
  EXPECT_EQ(locked->version(), "535.261.03");
  EXPECT_EQ(locked->source().url(),
            "http://mirror.example/debian/pool/"
            "nvidia-open-kernel-source_535.261.03-1.deb");
  ASSERT_EQ(locked->userland_files_size(), 1);
  EXPECT_EQ(locked->userland_files(0).url(),
            "http://mirror.example/debian/pool/libcuda1_535.261.03-1.deb");
}

TEST_F(DebianTest, UserSpaceThatIsNotThereIsNamed) {
  Driver driver = DebianDriver535();
  driver.mutable_debian()->add_packages("nvidia-modprobe");
  EXPECT_EQ(ResolveDebianDriver(driver, packages_).status(),
            absl::NotFoundError(
                "driver 535.261.03: package nvidia-modprobe does not exist at "
                "the version of the sources: it offers 535.161.07-1~deb12u1"));
}

TEST_F(DebianTest, BranchThatIsNotThereIsNamed) {
  Driver driver = DebianDriver535();
  driver.set_version("550");
  EXPECT_EQ(ResolveDebianDriver(driver, packages_).status(),
            absl::NotFoundError(
                "driver 550: package nvidia-open-kernel-source: it offers "
                "535.261.03-1"));
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

TEST_F(DebianTest, PrefixTakesThePackagesOfTheToolkit) {
  const auto locked = ResolveDebianToolkit(
      Toolkit("11.8", {"libnpps11", "libnpp*", "libcublas11"}), packages_);
  ASSERT_TRUE(locked.ok()) << locked.status();
  std::vector<std::string> urls;
  for (const auto& file : locked->components()) urls.push_back(file.url());
  const std::string tail = "_11.11.3.6%7e11.8.0-5%7edeb12u1.deb";
  const std::string pool = "http://mirror.example/debian/pool/";
  EXPECT_EQ(urls, (std::vector<std::string>{pool + "libnpps11" + tail,
                                            pool + "libnppc11" + tail,
                                            pool + "libcublas11" + tail}));
}

TEST_F(DebianTest, PackageOfAnotherToolkitIsNotFound) {
  EXPECT_EQ(
      ResolveDebianToolkit(Toolkit("11.8", {"libnppc12"}), packages_).status(),
      absl::NotFoundError(
          "CUDA 11.8: package libnppc12 does not exist for that "
          "toolkit: it offers 12.2.5.30~12.4.1-2"));
  EXPECT_EQ(
      ResolveDebianToolkit(Toolkit("11.8", {"libx*"}), packages_).status(),
      absl::NotFoundError("CUDA 11.8: package libx* does not exist for that "
                          "toolkit: no such package"));
}

}  // namespace
}  // namespace gantry::plan
