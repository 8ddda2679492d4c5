// The image that the rules make of //payload/image:image_fixture.

#include <string>

#include "absl/strings/str_cat.h"
#include "base/digest.h"
#include "base/stage_epochs.h"
#include "base/status_matchers.h"
#include "base/textproto.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/image_descriptor.pb.h"
#include "proto/layer_descriptor.pb.h"

namespace gantry::image {
namespace {

constexpr char kDirectory[] = "payload/image/";

// The runfile of an output, given relative to the execution root.
std::string Runfile(const std::string& path) {
  return path.substr(path.find(kDirectory));
}

void ExpectMatches(const payload::v1::Blob& blob) {
  EXPECT_THAT(FileSha256Digest(Runfile(blob.path())),
              IsOkAndHolds(blob.digest()));
}

TEST(RulesTest, BlobsMatchTheDescriptor) {
  payload::v1::ImageDescriptor image;
  ASSERT_THAT(
      ReadTextProto(std::string(kDirectory) + "image_fixture.image.textproto",
                    image),
      IsOk());
  EXPECT_EQ(image.coordinates().kernel_release(), "6.1.0-56-cloud-amd64");
  ASSERT_EQ(image.layers_size(), 4);
  ExpectMatches(image.manifest());
  ExpectMatches(image.config());
  for (const payload::v1::Blob& layer : image.layers()) {
    ExpectMatches(layer);
  }
}

// If this fails, other bytes come out of the stage: raise its number in
// base/stage_epochs.h, and change this with it.
TEST(RulesTest, BytesBelongToTheEpoch) {
  payload::v1::ImageDescriptor image;
  ASSERT_THAT(
      ReadTextProto(std::string(kDirectory) + "image_fixture.image.textproto",
                    image),
      IsOk());
  EXPECT_EQ(absl::StrCat(StageEpochOf("image"), " ", image.manifest().digest()),
            "1 "
            "sha256:"
            "7d05a1971078d50ea3e4bb1439ea05d62051687466a018c2248c7e9020b52ebb");
}

TEST(RulesTest, CompressionOfALayerOverridesTheDefault) {
  payload::v1::LayerDescriptor layer;
  ASSERT_THAT(
      ReadTextProto(std::string(kDirectory) + "driver_fixture.layer.textproto",
                    layer),
      IsOk());
  EXPECT_EQ(layer.media_type(), "application/vnd.oci.image.layer.v1.tar+gzip");
  EXPECT_EQ(layer.component().source_path(), "/payload/nvidia/535.261.03");
}

}  // namespace
}  // namespace gantry::image
