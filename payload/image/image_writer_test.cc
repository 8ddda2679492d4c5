#include "payload/image/image_writer.h"

#include <stdlib.h>
#include <unistd.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/subprocess.h"
#include "base/temp_dir.h"
#include "base/textproto.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "payload/image/layer_content.h"
#include "payload/image/layer_writer.h"
#include "payload/image/oci_json.h"
#include "proto/payload_manifest.pb.h"

namespace gantry::image {
namespace {

using payload::v1::Blob;
using payload::v1::ImageDescriptor;
using payload::v1::PayloadManifest;
using testing::HasSubstr;

class ImageWriterTest : public testing::Test {
 protected:
  ImageWriterTest() {
    auto& coordinates = options_.coordinates;
    coordinates.set_os_release("debian-12-6.1.0-56-cloud-amd64");
    coordinates.set_architecture("amd64");
    coordinates.set_product("nvidia");
    coordinates.set_kernel_release("6.1.0-56-cloud-amd64");
    coordinates.set_version("535.261.03");
    coordinates.set_cuda_version("12.4");
    coordinates.set_flavour(cell::v1::DRIVER_FLAVOUR_OPEN);
    options_.manifest_output = Path("manifest.json");
    options_.config_output = Path("config.json");
    options_.manifest_layer_output = Path("manifest.layer");
    options_.descriptor_output = Path("image.textproto");
    AddLayer("installer", "/gantry", payload::v1::COMPONENT_KIND_UNSPECIFIED,
             Compression::kZstd);
    AddLayer("cuda", "/payload/cuda/12.4", payload::v1::COMPONENT_KIND_CUDA,
             Compression::kZstd);
    AddLayer("driver", "/payload/nvidia/535.261.03",
             payload::v1::COMPONENT_KIND_DRIVER, Compression::kGzip);
  }

  std::string Path(const std::string& name) const {
    return JoinPath(temp_.path(), name);
  }

  void AddLayer(const std::string& name, const std::string& prefix,
                payload::v1::ComponentKind kind, Compression compression) {
    LayerEntry entry;
    entry.content = "content of " + name;
    entry.entry.path = "file";
    entry.entry.mode = 0644;
    entry.entry.size = entry.content.size();
    LayerOptions layer;
    layer.prefix = prefix;
    layer.kind = kind;
    layer.compression = compression;
    layer.output = Path(name);
    auto descriptor = WriteLayer(layer, {entry});
    ASSERT_THAT(descriptor, IsOk());
    options_.layers.push_back({*descriptor, layer.output});
  }

  // Makes an OCI image layout ("image-layout.md") of the image at oci/.
  void MakeLayout(const ImageDescriptor& image) {
    const std::string blobs = Path("oci/blobs/sha256");
    ASSERT_THAT(CreateDirectories(blobs), IsOk());
    const auto link_blob = [&](const Blob& blob) {
      const std::string name(DigestHex(blob.digest()));
      EXPECT_EQ(link(blob.path().c_str(), JoinPath(blobs, name).c_str()), 0)
          << name;
    };
    link_blob(image.manifest());
    link_blob(image.config());
    for (const Blob& layer : image.layers()) link_blob(layer);
    ASSERT_THAT(WriteFileAtomically(Path("oci/oci-layout"),
                                    "{\"imageLayoutVersion\":\"1.0.0\"}"),
                IsOk());
    ASSERT_THAT(
        WriteFileAtomically(
            Path("oci/index.json"),
            absl::StrCat("{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":"
                         "\"",
                         kManifestMediaType, "\",\"digest\":\"",
                         image.manifest().digest(),
                         "\",\"size\":", image.manifest().size(), "}]}")),
        IsOk());
  }

  // Writes the image, which must fail and leave no files.
  absl::Status Error() {
    const auto image = WriteImage(options_);
    for (const std::string& path :
         {options_.manifest_output, options_.config_output,
          options_.manifest_layer_output, options_.descriptor_output}) {
      EXPECT_EQ(access(path.c_str(), F_OK), -1) << path;
    }
    return image.status();
  }

  // Of the image, which must be valid.
  std::string ContentDigest() {
    const auto image = WriteImage(options_);
    EXPECT_THAT(image, IsOk());
    return image.ok() ? image->content_digest() : "";
  }

  const TempDir temp_ = *TempDir::Create();
  ImageOptions options_;
};

TEST_F(ImageWriterTest, SkopeoAcceptsTheImage) {
  const auto image = WriteImage(options_);
  ASSERT_THAT(image, IsOk());
  MakeLayout(*image);
  const auto inspected =
      RunCommand({"skopeo", "inspect", "oci:" + Path("oci")});
  ASSERT_THAT(inspected, IsOk());
  const std::string json = absl::StrReplaceAll(*inspected, {{" ", ""}});
  EXPECT_THAT(json, HasSubstr("\"Digest\":\"" + image->manifest().digest()));
  EXPECT_THAT(json, HasSubstr("\"Architecture\":\"amd64\""));
  EXPECT_THAT(json, HasSubstr("\"Created\":\"1970-01-01T00:00:00Z\""));
  EXPECT_THAT(json, HasSubstr("\"io.gantry.cell\":\"debian-12-6.1.0-56-cloud-"
                              "amd64_amd64_nvidia_535.261.03_open_cuda12.4\""));
  EXPECT_THAT(json,
              HasSubstr("\"io.gantry.kernel-release\":\"6.1.0-56-cloud-amd64"));

  // A copy reads every blob and checks its digest.
  const auto copied =
      RunCommand({"skopeo", "copy", "--insecure-policy", "--preserve-digests",
                  "oci:" + Path("oci"), "dir:" + Path("copy")});
  ASSERT_THAT(copied, IsOk());
  EXPECT_EQ(*ReadFile(Path("copy/manifest.json")),
            *ReadFile(Path("manifest.json")));
}

TEST_F(ImageWriterTest, SkopeoRefusesAnAlteredLayer) {
  const auto image = WriteImage(options_);
  ASSERT_THAT(image, IsOk());
  MakeLayout(*image);
  const std::string blob = Path(
      absl::StrCat("oci/blobs/sha256/", DigestHex(image->layers(1).digest())));
  std::string content = *ReadFile(blob);
  content.back() ^= 1;
  ASSERT_THAT(WriteFileAtomically(blob, content), IsOk());
  EXPECT_FALSE(RunCommand({"skopeo", "copy", "--insecure-policy",
                           "oci:" + Path("oci"), "dir:" + Path("copy")})
                   .ok());
}

TEST_F(ImageWriterTest, LastLayerContainsTheManifestOfAllComponents) {
  const auto image = WriteImage(options_);
  ASSERT_THAT(image, IsOk());
  ASSERT_EQ(image->layers_size(), 4);
  EXPECT_EQ(image->layers(3).path(), options_.manifest_layer_output);
  const auto bytes =
      RunCommand({"tar", "--zstd", "-xOf", options_.manifest_layer_output,
                  "gantry/manifest.binpb"});
  ASSERT_THAT(bytes, IsOk());
  PayloadManifest manifest;
  ASSERT_TRUE(manifest.ParseFromString(*bytes));
  EXPECT_EQ(FormatTextProto(manifest.coordinates()),
            FormatTextProto(options_.coordinates));
  ASSERT_EQ(manifest.components_size(), 2);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(FormatTextProto(manifest.components(i)),
              FormatTextProto(options_.layers[i + 1].descriptor.component()));
  }
}

TEST_F(ImageWriterTest, DescriptorMatchesTheWrittenFiles) {
  const auto image = WriteImage(options_);
  ASSERT_THAT(image, IsOk());
  EXPECT_EQ(image->manifest().digest(),
            *FileSha256Digest(options_.manifest_output));
  EXPECT_EQ(image->config().digest(),
            *FileSha256Digest(options_.config_output));
  EXPECT_EQ(image->layers(3).digest(),
            *FileSha256Digest(options_.manifest_layer_output));
  EXPECT_THAT(*ReadFile(options_.config_output),
              HasSubstr("\"Entrypoint\":[\"/gantry/install\"]"));
}

TEST_F(ImageWriterTest, SameInputsGiveTheSameImage) {
  const auto first = WriteImage(options_);
  ASSERT_THAT(first, IsOk());
  setenv("TZ", "Asia/Tokyo", 1);
  const auto second = WriteImage(options_);
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(FormatTextProto(*first), FormatTextProto(*second));
}

TEST_F(ImageWriterTest, ContentDigestIgnoresBytesOfTheInstallerAndBlobs) {
  const std::string digest = ContentDigest();
  EXPECT_THAT(ValidateDigest(digest), IsOk());
  // As another compiler and another version of zstd would give.
  for (ImageLayer& layer : options_.layers) {
    layer.descriptor.set_digest(Sha256Digest("other bytes"));
    layer.descriptor.set_size(layer.descriptor.size() + 1);
  }
  options_.layers[0].descriptor.set_diff_id(Sha256Digest("other installer"));
  EXPECT_EQ(ContentDigest(), digest);
}

TEST_F(ImageWriterTest, ContentDigestDependsOnMediaTypes) {
  const std::string digest = ContentDigest();
  options_.layers[0].descriptor.set_media_type(
      options_.layers[2].descriptor.media_type());
  const std::string other_layer = ContentDigest();
  EXPECT_NE(other_layer, digest);
  options_.compression = Compression::kGzip;
  EXPECT_NE(ContentDigest(), other_layer);
}

TEST_F(ImageWriterTest, ContentDigestDependsOnWhatIsInstalled) {
  std::set<std::string> digests = {ContentDigest()};
  const auto expect_other = [&](const char* change) {
    EXPECT_TRUE(digests.insert(ContentDigest()).second) << change;
  };
  options_.coordinates.set_kernel_release("6.1.0-57-cloud-amd64");
  expect_other("kernel release");
  payload::v1::Component& component =
      *options_.layers[1].descriptor.mutable_component();
  component.mutable_files(0)->set_digest(Sha256Digest("other"));
  expect_other("content of a file");
  component.mutable_files(0)->set_mode(0600);
  expect_other("mode of a file");
  component.mutable_files(0)->set_path("other");
  expect_other("path of a file");
  component.set_source_path("/payload/cuda/12.5");
  expect_other("source path");
  component.set_kind(payload::v1::COMPONENT_KIND_DRIVER);
  expect_other("kind");
  std::swap(options_.layers[1], options_.layers[2]);
  expect_other("order of layers");
  options_.layers.pop_back();
  expect_other("missing layer");
}

TEST_F(ImageWriterTest, DescriptorHasTheDigestOfEachModule) {
  AddLayer("modules", "/payload/modules", payload::v1::COMPONENT_KIND_MODULES,
           Compression::kZstd);
  payload::v1::Component& component =
      *options_.layers.back().descriptor.mutable_component();
  component.clear_files();
  for (const char* path : {"updates/nvidia.ko", "updates/nvidia-uvm.ko",
                           "modules.dep", "nvidia-drm.ko"}) {
    auto& file = *component.add_files();
    file.set_path(path);
    file.set_digest(Sha256Digest(path));
  }
  // Only those of the component with the modules.
  auto& other = *options_.layers[1].descriptor.mutable_component()->add_files();
  other.set_path("other.ko");
  const auto image = WriteImage(options_);
  ASSERT_THAT(image, IsOk());
  std::vector<std::string> found;
  for (const auto& module : image->modules()) {
    found.push_back(absl::StrCat(module.name(), " ", module.digest()));
  }
  EXPECT_THAT(
      found,
      testing::ElementsAre(
          absl::StrCat("nvidia ", Sha256Digest("updates/nvidia.ko")),
          absl::StrCat("nvidia-drm ", Sha256Digest("nvidia-drm.ko")),
          absl::StrCat("nvidia-uvm ", Sha256Digest("updates/nvidia-uvm.ko"))));
  ImageDescriptor written;
  ASSERT_THAT(
      ParseTextProto(*ReadFile(options_.descriptor_output), "image", written),
      IsOk());
  EXPECT_EQ(FormatTextProto(written), FormatTextProto(*image));
}

TEST_F(ImageWriterTest, MissingInstallerIsRefused) {
  options_.layers.erase(options_.layers.begin());
  EXPECT_THAT(Error(), StatusIs(absl::StatusCode::kInvalidArgument,
                                "no layer has the installer"));
}

TEST_F(ImageWriterTest, TwoLayersForOneDirectoryAreRefused) {
  options_.layers.push_back(options_.layers[1]);
  EXPECT_THAT(Error(), StatusIs(absl::StatusCode::kInvalidArgument,
                                absl::StrCat(Path("cuda"),
                                             ": another layer already fills "
                                             "/payload/cuda/12.4")));
}

TEST_F(ImageWriterTest, UnknownKernelIsRefused) {
  options_.coordinates.clear_kernel_release();
  EXPECT_THAT(Error(), StatusIs(absl::StatusCode::kInvalidArgument,
                                "kernel_release is not set"));
}

TEST_F(ImageWriterTest, MalformedDigestIsRefused) {
  options_.layers[1].descriptor.set_digest("sha256:12");
  EXPECT_THAT(
      Error(),
      StatusIs(absl::StatusCode::kInvalidArgument,
               absl::StrCat(Path("cuda"),
                            ": \"sha256:12\" is not sha256:<64 hex digits>")));
}

TEST_F(ImageWriterTest, FullDiskLeavesNoFiles) {
  ASSERT_EQ(symlink("/dev/full", options_.manifest_output.c_str()), 0);
  EXPECT_THAT(Error(), StatusIs(absl::StatusCode::kResourceExhausted,
                                absl::StrCat(options_.manifest_output,
                                             ": No space left on device")));
}

TEST(OciJsonTest, StringsAreEscaped) {
  EXPECT_EQ(JsonString("a\"b\\c\n\x01 \xc3\xa4"),
            "\"a\\\"b\\\\c\\u000a\\u0001 \xc3\xa4\"");
}

}  // namespace
}  // namespace gantry::image
