#include "release/publish/publisher.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/cell_name.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/status_matchers.h"
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
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kLayer[] = "bin/layer";
constexpr char kConfig[] = "bin/config.json";
constexpr char kManifest[] = "bin/manifest.json";

// An image with one layer, in an execution root.
class PublisherTest : public testing::Test {
 protected:
  PublisherTest() : directory_(*TempDir::Create(testing::TempDir())) {
    std::filesystem::create_directories(PathOf("root/bin"));
    auto& coordinates = *image_.mutable_coordinates();
    coordinates.set_os_release("debian-12-6.12.1+bpo-cloud-amd64");
    coordinates.set_architecture("amd64");
    coordinates.set_product("nvidia");
    coordinates.set_kernel_release("6.12.1+bpo-cloud-amd64");
    coordinates.set_version("535.261.03");
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

  std::string PathOf(absl::string_view name) const {
    return JoinPath(directory_.path(), name);
  }

  Blob Write(const std::string& name, const std::string& media_type,
             const std::string& content) {
    EXPECT_THAT(WriteFileAtomically(PathOf("root/" + name), content), IsOk());
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

  // Changes the content of a blob, but not its size or format.
  void Alter(const std::string& name) {
    std::string content = *ReadFile(PathOf("root/" + name));
    content[content.rfind('x')] = 'y';
    ASSERT_THAT(WriteFileAtomically(PathOf("root/" + name), content), IsOk());
  }

  // Publishes the image, and gives it its tag.
  absl::StatusOr<std::string> Publish() {
    auto reference = PublishImage(image_, PathOf("root"), destination_);
    if (!reference.ok()) return reference;
    const absl::Status tagged = TagImage(digest(), tag(), destination_);
    return tagged.ok() ? reference : tagged;
  }

  std::string digest() const { return image_.manifest().digest(); }
  std::string tag() const { return CellTag(image_.coordinates()); }

  TempDir directory_;
  payload::v1::ImageDescriptor image_;
  Destination destination_;
};

TEST_F(PublisherTest, CoordinatesThatAreNotATagAreInvalid) {
  image_.mutable_coordinates()->set_cuda_version("12/4");
  destination_.layout_directory = PathOf("oci");
  EXPECT_THAT(Publish(), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_FALSE(std::filesystem::exists(PathOf("oci")));
}

class PublishToLayoutTest : public PublisherTest {
 protected:
  PublishToLayoutTest() { destination_.layout_directory = PathOf("oci"); }

  OciLayout Layout() const { return *OciLayout::Open(PathOf("oci")); }

  absl::StatusOr<std::string> FindTag() const {
    return Layout().FindTag(tag());
  }

  // The digest of the content that is stored as this blob.
  absl::StatusOr<std::string> PublishedDigest(const Blob& blob) const {
    return FileSha256Digest(Layout().BlobPath(blob.digest()));
  }
};

TEST_F(PublishToLayoutTest, StoresBlobsAndTagIdempotently) {
  for (int time = 1; time <= 2; ++time) {
    EXPECT_THAT(Publish(), IsOkAndHolds(absl::StrCat("oci:", PathOf("oci"), "@",
                                                     digest())));
    EXPECT_THAT(FindTag(), IsOkAndHolds(digest()));
    EXPECT_THAT(PublishedDigest(image_.manifest()), IsOkAndHolds(digest()));
    EXPECT_THAT(PublishedDigest(image_.config()),
                IsOkAndHolds(image_.config().digest()));
    EXPECT_THAT(PublishedDigest(image_.layers(0)),
                IsOkAndHolds(image_.layers(0).digest()));
  }
}

TEST_F(PublishToLayoutTest, PublishingGivesNoTag) {
  ASSERT_THAT(PublishImage(image_, PathOf("root"), destination_), IsOk());
  EXPECT_THAT(FindTag(), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(PublishToLayoutTest, ImageIsRemovedWithItsTag) {
  ASSERT_THAT(Publish(), IsOk());
  EXPECT_THAT(ListTags(destination_), IsOkAndHolds(ElementsAre(tag())));
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const RemovedImages removed,
      RemoveImages({Sha256Digest("none"), digest()}, destination_));
  EXPECT_THAT(removed.digests, ElementsAre(digest()));
  EXPECT_EQ(removed.freed_bytes, image_.manifest().size() +
                                     image_.config().size() +
                                     image_.layers(0).size());
  EXPECT_THAT(HasImage(digest(), destination_), IsOkAndHolds(false));
  EXPECT_THAT(ListTags(destination_), IsOkAndHolds(IsEmpty()));
}

class AlteredLayoutBlobTest : public PublishToLayoutTest,
                              public testing::WithParamInterface<const char*> {
};

TEST_P(AlteredLayoutBlobTest, IsDataLossAndNotTagged) {
  Alter(GetParam());
  EXPECT_THAT(Publish(),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr(GetParam())));
  EXPECT_THAT(FindTag(), StatusIs(absl::StatusCode::kNotFound));
}

INSTANTIATE_TEST_SUITE_P(Blobs, AlteredLayoutBlobTest,
                         testing::Values(kLayer, kConfig, kManifest));

class PublishToRegistryTest : public PublisherTest {
 protected:
  void SetUp() override { Start({}); }

  void Start(const fixtures::RegistryOptions& options) {
    std::filesystem::create_directories(PathOf("registry"));
    GANTRY_ASSERT_OK_AND_ASSIGN(
        fixtures::Registry registry,
        fixtures::Registry::Start(PathOf("registry"), options));
    registry_ = std::make_unique<fixtures::Registry>(std::move(registry));
    destination_.registry_repository = registry_->Repository("fleet/gantry");
  }

  // The digest of the image with that name in the repository and a line end;
  // `name` is "@<digest>" or ":<tag>".
  absl::StatusOr<std::string> Inspect(const std::string& name) {
    return RunCommand(
        {"skopeo", "inspect", "--tls-verify=false", "--format={{.Digest}}",
         absl::StrCat("docker://", destination_.registry_repository, name)});
  }

  std::unique_ptr<fixtures::Registry> registry_;
};

TEST_F(PublishToRegistryTest, StoresManifestAndTagIdempotently) {
  for (int time = 1; time <= 2; ++time) {
    EXPECT_THAT(Publish(),
                IsOkAndHolds(absl::StrCat(destination_.registry_repository, "@",
                                          digest())));
    EXPECT_THAT(Inspect("@" + digest()), IsOkAndHolds(digest() + "\n"));
    EXPECT_THAT(Inspect(":" + tag()), IsOkAndHolds(digest() + "\n"));
  }
}

TEST_F(PublishToRegistryTest, PublishingGivesNoTag) {
  ASSERT_THAT(PublishImage(image_, PathOf("root"), destination_), IsOk());
  // Without --raw, skopeo fails for a repository without tags.
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const std::string manifest,
      RunCommand({"skopeo", "inspect", "--tls-verify=false", "--raw",
                  absl::StrCat("docker://", destination_.registry_repository,
                               "@", digest())}));
  EXPECT_EQ(Sha256Digest(manifest), digest());
  EXPECT_THAT(Inspect(":" + tag()), StatusIs(absl::StatusCode::kInternal,
                                             HasSubstr("manifest unknown")));
}

TEST_F(PublishToRegistryTest, ImageThatIsNotThereGetsNoTag) {
  EXPECT_THAT(TagImage(digest(), tag(), destination_),
              StatusIs(absl::StatusCode::kUnavailable));
}

class NoDeletesRegistryTest : public PublishToRegistryTest {
 protected:
  void SetUp() override { Start({false}); }
};

TEST_F(NoDeletesRegistryTest, RegistryMayRefuseToDelete) {
  ASSERT_THAT(Publish(), IsOk());
  EXPECT_THAT(
      RemoveImages({digest()}, destination_),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               HasSubstr("the registry does not permit deleting images")));
  EXPECT_THAT(FindTag(tag(), destination_), IsOkAndHolds(digest()));
}

TEST_F(PublishToRegistryTest, EmptyRegistryHasNoTags) {
  EXPECT_THAT(ListTags(destination_), IsOkAndHolds(IsEmpty()));
}

TEST_F(PublishToRegistryTest, ImageIsRemovedWithItsTags) {
  ASSERT_THAT(Publish(), IsOk());
  ASSERT_THAT(TagImage(digest(), "another", destination_), IsOk());
  EXPECT_THAT(ListTags(destination_),
              IsOkAndHolds(ElementsAre("another", tag())));
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const RemovedImages removed,
      RemoveImages({Sha256Digest("none"), digest()}, destination_));
  EXPECT_THAT(removed.digests, ElementsAre(digest()));
  EXPECT_THAT(HasImage(digest(), destination_), IsOkAndHolds(false));
  EXPECT_THAT(FindTag(tag(), destination_),
              StatusIs(absl::StatusCode::kNotFound));
  // Published again.
  ASSERT_THAT(Publish(), IsOk());
  EXPECT_THAT(FindTag(tag(), destination_), IsOkAndHolds(digest()));
}

class AlteredRegistryBlobTest
    : public PublishToRegistryTest,
      public testing::WithParamInterface<const char*> {};

TEST_P(AlteredRegistryBlobTest, IsUnavailableAndNotPublished) {
  Alter(GetParam());
  EXPECT_THAT(Publish(), StatusIs(absl::StatusCode::kUnavailable));
  for (const std::string& name : {"@" + digest(), ":" + tag()}) {
    EXPECT_THAT(Inspect(name), StatusIs(absl::StatusCode::kInternal,
                                        HasSubstr("manifest unknown")));
  }
}

INSTANTIATE_TEST_SUITE_P(Blobs, AlteredRegistryBlobTest,
                         testing::Values(kLayer, kConfig, kManifest));

TEST_F(PublisherTest, UnreachableRegistryIsUnavailable) {
  // Nothing listens on port 1.
  destination_.registry_repository = "127.0.0.1:1/fleet/gantry";
  EXPECT_THAT(Publish(), StatusIs(absl::StatusCode::kUnavailable,
                                  HasSubstr("127.0.0.1:1/fleet/gantry")));
}

}  // namespace
}  // namespace gantry::publish
