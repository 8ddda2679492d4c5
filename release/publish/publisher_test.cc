#include "release/publish/publisher.h"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "base/cell_name.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/subprocess.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/image_descriptor.pb.h"
#include "release/publish/oci_layout.h"
#include "tests/fixtures/registry.h"

namespace gantry::publish {
namespace {

using ::gantry::payload::v1::Blob;
using ::testing::HasSubstr;

constexpr char kLayer[] = "bin/layer";
constexpr char kConfig[] = "bin/config.json";
constexpr char kManifest[] = "bin/manifest.json";

// An image of one layer in a build's execution root.
class PublisherTest : public testing::Test {
 protected:
  PublisherTest() : dir_(*TempDir::Create(testing::TempDir())) {
    std::filesystem::create_directories(Path("root/bin"));
    auto& coordinates = *image_.mutable_coordinates();
    coordinates.set_os_release("debian-12-6.12.1+bpo-cloud-amd64");
    coordinates.set_kernel_release("6.12.1+bpo-cloud-amd64");
    coordinates.set_driver_version("535.261.03");
    coordinates.set_cuda_version("12.4");
    const Blob layer =
        Write(kLayer, "application/vnd.oci.image.layer.v1.tar+gzip", "layer x");
    *image_.add_layers() = layer;
    *image_.mutable_config() =
        Write(kConfig, "application/vnd.oci.image.config.v1+json",
              absl::StrCat(R"({"architecture":"amd64","os":"linux","rootfs":)",
                           R"({"type":"layers","diff_ids":[")", layer.digest(),
                           R"("]},"author":"x"})"));
    *image_.mutable_manifest() = Write(
        kManifest, "application/vnd.oci.image.manifest.v1+json",
        absl::StrCat(R"({"schemaVersion":2,"config":)",
                     Descriptor(image_.config()), R"(,"layers":[)",
                     Descriptor(layer), R"(],"annotations":{"author":"x"}})"));
  }

  std::string Path(const std::string& name) const {
    return JoinPath(dir_.path(), name);
  }

  Blob Write(const std::string& name, const std::string& media_type,
             const std::string& content) {
    EXPECT_TRUE(WriteFileAtomically(Path("root/" + name), content).ok());
    Blob blob;
    blob.set_digest(Sha256Digest(content));
    blob.set_size(static_cast<int64_t>(content.size()));
    blob.set_media_type(media_type);
    blob.set_path(name);
    return blob;
  }

  static std::string Descriptor(const Blob& blob) {
    return absl::StrCat(R"({"mediaType":")", blob.media_type(),
                        R"(","digest":")", blob.digest(), R"(","size":)",
                        blob.size(), "}");
  }

  // The blob keeps its size and form, and says something else.
  void Alter(const std::string& name) {
    std::string content = *ReadFile(Path("root/" + name));
    content[content.rfind('x')] = 'y';
    ASSERT_TRUE(WriteFileAtomically(Path("root/" + name), content).ok());
  }

  absl::StatusOr<std::string> Publish() {
    return PublishImage(image_, Path("root"), target_);
  }

  std::string digest() const { return image_.manifest().digest(); }
  std::string tag() const { return CellTag(image_.coordinates()); }

  TempDir dir_;
  payload::v1::ImageDescriptor image_;
  PublishTarget target_;
};

TEST_F(PublisherTest, CoordinatesThatMakeNoTagAreRefused) {
  image_.mutable_coordinates()->set_cuda_version("12/4");
  target_.layout_directory = Path("oci");
  EXPECT_EQ(Publish().status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(std::filesystem::exists(Path("oci")));
}

class PublishToLayoutTest : public PublisherTest {
 protected:
  PublishToLayoutTest() { target_.layout_directory = Path("oci"); }

  absl::StatusOr<std::string> FindTag() {
    return OciLayout::Open(Path("oci"))->FindTag(tag());
  }

  std::string Published(const Blob& blob) {
    return ReadFile(absl::StrCat(Path("oci/blobs/sha256/"),
                                 DigestHex(blob.digest())))
        .value_or("nothing");
  }
};

TEST_F(PublishToLayoutTest, BlobsAndTagAreThereAndAgainIsTheSame) {
  for (int time = 1; time <= 2; ++time) {
    const auto reference = Publish();
    ASSERT_TRUE(reference.ok()) << reference.status();
    EXPECT_EQ(*reference, absl::StrCat("oci:", Path("oci"), "@", digest()));
    EXPECT_EQ(*FindTag(), digest());
    EXPECT_EQ(Sha256Digest(Published(image_.manifest())), digest());
    EXPECT_EQ(Sha256Digest(Published(image_.config())),
              image_.config().digest());
    EXPECT_EQ(Published(image_.layers(0)), "layer x");
  }
}

class AlteredLayoutBlobTest : public PublishToLayoutTest,
                              public testing::WithParamInterface<const char*> {
};

TEST_P(AlteredLayoutBlobTest, IsDataLossAndNotTagged) {
  Alter(GetParam());
  const absl::Status status = Publish().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr(GetParam()));
  EXPECT_EQ(FindTag().status().code(), absl::StatusCode::kNotFound);
}

INSTANTIATE_TEST_SUITE_P(Blobs, AlteredLayoutBlobTest,
                         testing::Values(kLayer, kConfig, kManifest));

class PublishToRegistryTest : public PublisherTest {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(Path("registry"));
    auto registry = fixtures::Registry::Start(Path("registry"));
    ASSERT_TRUE(registry.ok()) << registry.status();
    registry_ = std::make_unique<fixtures::Registry>(*std::move(registry));
    target_.registry_repository = registry_->Repository("fleet/gantry");
  }

  // The digest of the repository's image of that name: "@<digest>" or
  // ":<tag>".
  absl::StatusOr<std::string> Inspect(const std::string& name) {
    return RunCommand(
        {"skopeo", "inspect", "--tls-verify=false", "--format={{.Digest}}",
         absl::StrCat("docker://", target_.registry_repository, name)});
  }

  std::unique_ptr<fixtures::Registry> registry_;
};

TEST_F(PublishToRegistryTest, DigestAndTagAreThereAndAgainIsTheSame) {
  for (int time = 1; time <= 2; ++time) {
    const auto reference = Publish();
    ASSERT_TRUE(reference.ok()) << reference.status();
    EXPECT_EQ(*reference,
              absl::StrCat(target_.registry_repository, "@", digest()));
    EXPECT_EQ(Inspect("@" + digest()).value_or(""), digest() + "\n");
    EXPECT_EQ(Inspect(":" + tag()).value_or(""), digest() + "\n");
  }
}

class AlteredRegistryBlobTest
    : public PublishToRegistryTest,
      public testing::WithParamInterface<const char*> {};

TEST_P(AlteredRegistryBlobTest, IsAnErrorAndNobodyFindsTheImage) {
  Alter(GetParam());
  const auto reference = Publish();
  EXPECT_FALSE(reference.ok()) << *reference;
  for (const std::string& name : {"@" + digest(), ":" + tag()}) {
    EXPECT_THAT(std::string(Inspect(name).status().message()),
                HasSubstr("manifest unknown"));
  }
}

INSTANTIATE_TEST_SUITE_P(Blobs, AlteredRegistryBlobTest,
                         testing::Values(kLayer, kConfig, kManifest));

TEST_F(PublisherTest, RegistryThatIsAwayIsNamed) {
  // Nothing listens on port 1.
  target_.registry_repository = "127.0.0.1:1/fleet/gantry";
  const absl::Status status = Publish().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("127.0.0.1:1/fleet/gantry"));
}

}  // namespace
}  // namespace gantry::publish
