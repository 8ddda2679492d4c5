// The image that //payload/image:image_fixture makes by way of the rules.

#include <map>
#include <string>

#include "base/digest.h"
#include "base/textproto.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/payload.pb.h"

namespace gantry::image {
namespace {

constexpr char kFolder[] = "payload/image/";

// Where a file of the execution root's bin folder is at run time.
std::string Runfile(const std::string& path) {
  return path.substr(path.find(kFolder));
}

TEST(RulesTest, EveryBlobIsWhereTheDescriptorSays) {
  payload::v1::ImageDescriptor image;
  const absl::Status status = ReadTextProto(
      std::string(kFolder) + "image_fixture.image.textproto", image);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(image.coordinates().kernel_release(), "6.1.0-56-cloud-amd64");
  ASSERT_EQ(image.layer_size(), 4);
  EXPECT_EQ(*FileSha256Digest(Runfile(image.manifest().path())),
            image.manifest().digest());
  EXPECT_EQ(*FileSha256Digest(Runfile(image.config().path())),
            image.config().digest());
  for (const payload::v1::Blob& layer : image.layer()) {
    EXPECT_EQ(*FileSha256Digest(Runfile(layer.path())), layer.digest());
  }
}

TEST(RulesTest, LayerSaysItsOwnCompression) {
  payload::v1::LayerDescriptor layer;
  ASSERT_TRUE(
      ReadTextProto(std::string(kFolder) + "driver_fixture.layer.textproto",
                    layer)
          .ok());
  EXPECT_EQ(layer.media_type(), "application/vnd.oci.image.layer.v1.tar+gzip");
  EXPECT_EQ(layer.component().source_path(), "/payload/nvidia/535.261.03");
}

}  // namespace
}  // namespace gantry::image
