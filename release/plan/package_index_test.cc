#include "release/plan/package_index.h"

#include "absl/status/status.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::plan {
namespace {

// From Debian 12's contrib, non-free and security archives, shortened.
constexpr char kMain[] = R"(Package: nvidia-open-kernel-source
Source: nvidia-open-gpu-kernel-modules
Version: 535.261.03-1
Architecture: amd64
Description: NVIDIA binary kernel module source
Filename: pool/contrib/n/nvidia-open-gpu-kernel-modules/nvidia-open-kernel-source_535.261.03-1_amd64.deb
Size: 30135684
SHA256: ee35aa18179ff6406186b3b0744138f5d66084dbca61170599d911a5d8a0c117

Package: libcuda1
Source: nvidia-graphics-drivers
Version: 535.261.03-1
Filename: pool/non-free/n/nvidia-graphics-drivers/libcuda1_535.261.03-1_amd64.deb
Size: 3002088
SHA256: de1e9ca34164a5983b3f752e6699cf1ad924790f1a843b7d582bab6f99206e1e

Package: libcublas11
Source: nvidia-cuda-toolkit (11.8.0-5~deb12u1)
Version: 11.11.3.6~11.8.0-5~deb12u1
Tag: role::shared-lib,
 Version: of nothing
Filename: pool/non-free/n/nvidia-cuda-toolkit/libcublas11_11.11.3.6~11.8.0-5~deb12u1_amd64.deb
Size: 238300348
SHA256: 0a40074c844a304688e503dd0c3f8b04e10e40f6f81b8bad260e07c54aa37864
)";

constexpr char kSecurity[] = R"(
Package: libcuda1
Source: nvidia-graphics-drivers
Version: 535.309.01-0+deb12u1
Filename: pool/updates/non-free/n/nvidia-graphics-drivers/libcuda1_535.309.01-0+deb12u1_amd64.deb
Size: 3003924
SHA256: 36b96d4b10d3a51573f56cae5a4ac9bcf206c1f2613bba7063793ab3da47305f

)";

TEST(PackageIndexTest, VersionsAreOrderedFromNewToOld) {
  PackageIndex index;
  ASSERT_THAT(index.Add(kMain, "http://mirror.example/debian/"), IsOk());
  ASSERT_THAT(index.Add(kSecurity, "http://mirror.example/security"), IsOk());
  ASSERT_THAT(index.Add(kSecurity, "http://mirror.example/again"), IsOk());
  const auto versions = index.Versions("libcuda1");
  ASSERT_EQ(versions.size(), 2);
  EXPECT_EQ(versions[0]->version, "535.309.01-0+deb12u1");
  EXPECT_EQ(versions[1]->version, "535.261.03-1");
  EXPECT_EQ(
      versions[0]->url,
      "http://mirror.example/security/pool/updates/non-free/n/"
      "nvidia-graphics-drivers/libcuda1_535.309.01-0%2bdeb12u1_amd64.deb");
  EXPECT_EQ(versions[0]->digest,
            "sha256:36b96d4b10d3a51573f56cae5a4ac9bcf206c1f2613bba7063793ab3da4"
            "7305f");
  EXPECT_EQ(versions[0]->size, 3003924);
  EXPECT_TRUE(index.Versions("libcuda").empty());
}

TEST(PackageIndexTest, SourceDefaultsToThePackage) {
  PackageIndex index;
  ASSERT_THAT(index.Add(kMain, "http://mirror.example/debian/"), IsOk());
  const auto found = index.WithPrefix("libcu");
  ASSERT_EQ(found.size(), 2);
  EXPECT_EQ(found[0]->name, "libcublas11");
  EXPECT_EQ(found[0]->version, "11.11.3.6~11.8.0-5~deb12u1");
  EXPECT_EQ(found[0]->url,
            "http://mirror.example/debian/pool/non-free/n/nvidia-cuda-toolkit/"
            "libcublas11_11.11.3.6%7e11.8.0-5%7edeb12u1_amd64.deb");
  EXPECT_EQ(found[0]->source, "nvidia-cuda-toolkit");
  EXPECT_EQ(found[0]->source_version, "11.8.0-5~deb12u1");
  EXPECT_EQ(found[1]->source, "nvidia-graphics-drivers");
  EXPECT_EQ(found[1]->source_version, "535.261.03-1");
}

TEST(PackageIndexTest, MissingFieldIsDataLoss) {
  PackageIndex index;
  EXPECT_THAT(
      index.Add("Package: a\nVersion: 1\n", "http://mirror.example"),
      StatusIs(absl::StatusCode::kDataLoss,
               "http://mirror.example: package \"a\": Package, Version, "
               "Filename, Size or SHA256 is missing"));
}

}  // namespace
}  // namespace gantry::plan
