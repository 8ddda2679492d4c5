#include "release/plan/redist.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/temp_dir.h"
#include "base/textproto.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/coordinates.pb.h"
#include "proto/lock.pb.h"
#include "proto/matrix.pb.h"
#include "tests/fixtures/file_server.h"

namespace gantry::plan {
namespace {

using ::gantry::matrix::v1::CudaToolkit;
using ::gantry::matrix::v1::Driver;
using ::gantry::matrix::v1::LockedDriver;
using ::gantry::matrix::v1::LockedToolkit;
using ::gantry::matrix::v1::RemoteFile;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Property;

// An abridged manifest of NVIDIA's, with fake digests.
constexpr char kManifest[] = R"json({
  "release_date": "2024-03-28",
  "release_label": "12.4.1",
  "release_product": "cuda",
  "libcublas": {
    "name": "CUDA cuBLAS", "license": "CUDA Toolkit", "version": "12.4.5.8",
    "linux-x86_64": {
      "relative_path": "libcublas/linux-x86_64/libcublas-linux-x86_64-12.4.5.8-archive.tar.xz",
      "sha256": "0a40074c844a304688e503dd0c3f8b04e10e40f6f81b8bad260e07c54aa37864",
      "md5": "00", "size": "491776668"
    }
  },
  "cuda_cudart": {
    "name": "CUDA Runtime (cudart)",
               "version" : "12.4.127", "linux-x86_64" : {
  "relative_path": "cuda_cudart/linux-x86_64/cuda_cudart-linux-x86_64-12.4.127-archive.tar.xz",
      "sha256": "ee35aa18179ff6406186b3b0744138f5d66084dbca61170599d911a5d8a0c117",
      "md5": "00", "size": "1058840"
}
}
, "cudnn" : {
  "name" : "cuDNN",
  "version" : "9.1.0.70",
  "cuda_variant" : [ "11", "12" ],
  "linux-x86_64" : {
    "cuda11" : {
      "relative_path" : "cudnn/a_cuda11.tar.xz",
      "size" : "1",
      "sha256" :
          "de1e9ca34164a5983b3f752e6699cf1ad924790f1a843b7d582bab6f99206e1e"
    },
    "cuda12" : {
      "relative_path" : "cudnn/a_cuda12.tar.xz",
      "size" : "2",
      "sha256" :
          "36b96d4b10d3a51573f56cae5a4ac9bcf206c1f2613bba7063793ab3da47305f"
    }
  }
},
            "nsight_compute" : {
  "linux-x86_64" : {
    "relative_path" : "nsight_compute/n.tar.xz",
    "size" : "4",
    "sha256" :
        "36b96d4b10d3a51573f56cae5a4ac9bcf206c1f2613bba7063793ab3da47305f"
  }
},
            "nvidia_driver"
    : {
      "linux-x86_64" : {
        "relative_path" : "nvidia_driver/d.tar.xz",
        "size" : "3",
        "sha256" :
            "36b96d4b10d3a51573f56cae5a4ac9bcf206c1f2613bba7063793ab3da47305f"
      }
    },
      "visual_studio_integration" : {
  "windows-x86_64" : { "relative_path" : "v.zip", "sha256" : "", "size" : "0" }
}
})json";

TEST(RedistManifestTest, ComponentsAreInTheRequestedOrder) {
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const std::vector<RemoteFile> files,
      ParseRedistManifest(kManifest, "https://x.example/redist",
                          {"libcublas", "cuda_cudart"}, "12.4"));
  ASSERT_EQ(files.size(), 2);
  EXPECT_EQ(FormatTextProto(files[0]),
            "url: \"https://x.example/redist/libcublas/linux-x86_64/"
            "libcublas-linux-x86_64-12.4.5.8-archive.tar.xz\"\n"
            "digest: \"sha256:0a40074c844a304688e503dd0c3f8b04e10e40f6f81b8bad2"
            "60e07c54aa37864\"\n"
            "size: 491776668\n");
  EXPECT_EQ(files[1].size(), 1058840);
}

TEST(RedistManifestTest, VariantMatchesTheToolkit) {
  EXPECT_THAT(ParseRedistManifest(kManifest, "http://x", {"cudnn"}, "11.8"),
              IsOkAndHolds(ElementsAre(Property(
                  &RemoteFile::url, "http://x/cudnn/a_cuda11.tar.xz"))));
  EXPECT_THAT(ParseRedistManifest(kManifest, "http://x", {"cudnn"}, "12.4"),
              IsOkAndHolds(ElementsAre(Property(
                  &RemoteFile::url, "http://x/cudnn/a_cuda12.tar.xz"))));
}

TEST(RedistManifestTest, DefaultIsTheLibrariesOfThePlatformOrderedByName) {
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const std::vector<RemoteFile> files,
      ParseRedistManifest(kManifest, "http://x", {}, "12.4"));
  ASSERT_EQ(files.size(), 3);
  EXPECT_THAT(files[0].url(), HasSubstr("/cuda_cudart/"));
  EXPECT_EQ(files[1].url(), "http://x/cudnn/a_cuda12.tar.xz");
  EXPECT_THAT(files[2].url(), HasSubstr("/libcublas/"));
}

TEST(RedistManifestTest, DriverAndNsightAreIncludedOnRequest) {
  EXPECT_THAT(
      ParseRedistManifest(kManifest, "http://x",
                          {"nvidia_driver", "nsight_compute"}, "12.4"),
      IsOkAndHolds(ElementsAre(
          Property(&RemoteFile::url, "http://x/nvidia_driver/d.tar.xz"),
          Property(&RemoteFile::url, "http://x/nsight_compute/n.tar.xz"))));
}

TEST(RedistManifestTest, ComponentWithoutAnArchiveForThePlatformIsNotFound) {
  EXPECT_THAT(ParseRedistManifest(kManifest, "http://x",
                                  {"visual_studio_integration"}, "12.4"),
              StatusIs(absl::StatusCode::kNotFound,
                       "component \"visual_studio_integration\" has no archive "
                       "for linux-x86_64"));
  EXPECT_THAT(ParseRedistManifest(kManifest, "http://x", {"cudnn"}, "13.0"),
              StatusIs(absl::StatusCode::kNotFound,
                       "component \"cudnn\" has no archive for linux-x86_64"));
}

TEST(RedistManifestTest, MalformedManifestIsDataLoss) {
  EXPECT_THAT(
      ParseRedistManifest(R"({"a": {"linux-x86_64": {"relative_path": "p"}}})",
                          "http://x", {"a"}, "12.4"),
      StatusIs(absl::StatusCode::kDataLoss,
               "component \"a\": relative_path, sha256 or "
               "size is missing"));
  EXPECT_THAT(ParseRedistManifest("<html>", "http://x", {}, "12.4"),
              StatusIs(absl::StatusCode::kDataLoss));
}

TEST(RedistManifestTest, NewestVersionOfABranchIsFound) {
  constexpr char kListing[] =
      "<a href='redistrib_11.8.0.json'>redistrib_11.8.0.json</a>"
      "<a href='redistrib_12.4.0.json'></a><a href='redistrib_12.4.1.json'></a>"
      "<a href='redistrib_12.40.0.json'></a>";
  EXPECT_THAT(FindNewestRedistVersion(kListing, "12.4"),
              IsOkAndHolds("12.4.1"));
  EXPECT_THAT(FindNewestRedistVersion(kListing, "11.8"),
              IsOkAndHolds("11.8.0"));
  EXPECT_THAT(FindNewestRedistVersion(kListing, "13.0"),
              StatusIs(absl::StatusCode::kNotFound,
                       "no redistrib_13.0.*.json is listed; specify all three "
                       "components"));
}

class RedistServerTest : public testing::Test {
 protected:
  void SetUp() override {
    GANTRY_ASSERT_OK_AND_ASSIGN(TempDir directory, TempDir::Create());
    directory_ = std::make_unique<TempDir>(std::move(directory));
    for (const char* name :
         {"redistrib_12.4.0.json", "redistrib_12.4.1.json",
          "redistrib_535.54.json", "redistrib_535.261.03.json"}) {
      ASSERT_THAT(
          WriteFileAtomically(JoinPath(directory_->path(), name), kManifest),
          IsOk());
    }
    GANTRY_ASSERT_OK_AND_ASSIGN(
        fixtures::FileServer server,
        fixtures::FileServer::Start(directory_->path()));
    server_ = std::make_unique<fixtures::FileServer>(std::move(server));
  }

  std::unique_ptr<TempDir> directory_;
  std::unique_ptr<fixtures::FileServer> server_;
};

TEST_F(RedistServerTest, ToolkitIsTheNewestOfItsVersionWithItsComponents) {
  CudaToolkit toolkit;
  toolkit.set_version("12.4");
  toolkit.mutable_redist()->set_base_url(server_->url() + "/");
  toolkit.mutable_redist()->add_components("cuda_cudart");
  GANTRY_ASSERT_OK_AND_ASSIGN(const LockedToolkit locked,
                              ResolveRedistToolkit(toolkit, {}));
  EXPECT_EQ(locked.version(), "12.4.1");
  ASSERT_EQ(locked.components_size(), 1);
  EXPECT_EQ(locked.components(0).url(),
            server_->Url("cuda_cudart/linux-x86_64/"
                         "cuda_cudart-linux-x86_64-12.4.127-archive.tar.xz"));
}

TEST_F(RedistServerTest, DriverIsTheNewestOfItsBranch) {
  Driver driver;
  driver.set_version("535");
  driver.set_flavour(cell::v1::DRIVER_FLAVOUR_OPEN);
  driver.mutable_redist()->set_base_url(server_->url());
  GANTRY_ASSERT_OK_AND_ASSIGN(const LockedDriver locked,
                              ResolveRedistDriver(driver, {}));
  EXPECT_EQ(locked.version(), "535.261.03");
  EXPECT_EQ(locked.source().url(), server_->Url("nvidia_driver/d.tar.xz"));
  EXPECT_EQ(locked.userland_files_size(), 1);
}

TEST_F(RedistServerTest, MissingManifestIsNotFound) {
  CudaToolkit toolkit;
  toolkit.set_version("12.4.9");
  toolkit.mutable_redist()->set_base_url(server_->url());
  EXPECT_THAT(ResolveRedistToolkit(toolkit, {}),
              StatusIs(absl::StatusCode::kNotFound,
                       server_->Url("redistrib_12.4.9.json") +
                           ": the server answered 404"));
}

}  // namespace
}  // namespace gantry::plan
