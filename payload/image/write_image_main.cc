// Writes a payload image from finished layers, and its descriptor.

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/program.h"
#include "base/status_macros.h"
#include "base/textproto.h"
#include "base/version.h"
#include "payload/image/compressor.h"
#include "payload/image/coordinates.h"
#include "payload/image/image_writer.h"
#include "proto/coordinates.pb.h"
#include "proto/developer_container.pb.h"

ABSL_FLAG(std::vector<std::string>, layer, {},
          "comma-separated descriptor=blob of each layer, lowest first");
ABSL_FLAG(std::string, container, "",
          "gantry.builder.v1.DeveloperContainer textproto; has the kernel "
          "release, and must have the OS release");
ABSL_FLAG(std::string, os_release, "", "see CellCoordinates.os_release");
ABSL_FLAG(std::string, architecture, "", "see CellCoordinates.architecture");
ABSL_FLAG(std::string, product, "", "see CellCoordinates.product");
ABSL_FLAG(std::string, product_version, "", "for example 535.261.03");
ABSL_FLAG(std::string, flavour, "",
          "open or proprietary; empty for products other than NVIDIA's");
ABSL_FLAG(std::string, cuda_version, "",
          "for example 12.4; empty for a payload without CUDA");
ABSL_FLAG(std::string, compression, "zstd", "zstd or gzip");
ABSL_FLAG(std::string, manifest, "", "output: the image manifest");
ABSL_FLAG(std::string, config, "", "output: the image config");
ABSL_FLAG(std::string, manifest_layer, "",
          "output: the layer with the payload's manifest");
ABSL_FLAG(std::string, descriptor, "",
          "output: gantry.payload.v1.ImageDescriptor textproto");

namespace gantry::image {
namespace {

absl::StatusOr<cell::v1::DriverFlavour> ParseFlavour(const std::string& name) {
  if (name.empty()) return cell::v1::DRIVER_FLAVOUR_UNSPECIFIED;
  if (name == "open") return cell::v1::DRIVER_FLAVOUR_OPEN;
  if (name == "proprietary") return cell::v1::DRIVER_FLAVOUR_PROPRIETARY;
  return absl::InvalidArgumentError(
      absl::StrCat("flavour \"", name, "\" is not open, proprietary or empty"));
}

absl::StatusOr<cell::v1::CellCoordinates> ReadCoordinates() {
  builder::v1::DeveloperContainer container;
  GANTRY_RETURN_IF_ERROR(
      ReadTextProto(absl::GetFlag(FLAGS_container), container));
  cell::v1::CellCoordinates coordinates;
  coordinates.set_os_release(absl::GetFlag(FLAGS_os_release));
  coordinates.set_architecture(absl::GetFlag(FLAGS_architecture));
  coordinates.set_product(absl::GetFlag(FLAGS_product));
  coordinates.set_version(absl::GetFlag(FLAGS_product_version));
  coordinates.set_cuda_version(absl::GetFlag(FLAGS_cuda_version));
  GANTRY_ASSIGN_OR_RETURN(const cell::v1::DriverFlavour flavour,
                          ParseFlavour(absl::GetFlag(FLAGS_flavour)));
  coordinates.set_flavour(flavour);
  return CompleteCoordinates(coordinates, container);
}

absl::Status Run() {
  ImageOptions options;
  GANTRY_ASSIGN_OR_RETURN(options.coordinates, ReadCoordinates());
  GANTRY_ASSIGN_OR_RETURN(options.compression,
                          ParseCompression(absl::GetFlag(FLAGS_compression)));
  for (const std::string& layer : absl::GetFlag(FLAGS_layer)) {
    const std::pair<std::string, std::string> paths =
        absl::StrSplit(layer, absl::MaxSplits('=', 1));
    options.layers.emplace_back();
    options.layers.back().path = paths.second;
    GANTRY_RETURN_IF_ERROR(
        ReadTextProto(paths.first, options.layers.back().descriptor));
  }
  options.manifest_output = absl::GetFlag(FLAGS_manifest);
  options.config_output = absl::GetFlag(FLAGS_config);
  options.manifest_layer_output = absl::GetFlag(FLAGS_manifest_layer);
  options.descriptor_output = absl::GetFlag(FLAGS_descriptor);
  return WriteImage(options).status();
}

}  // namespace
}  // namespace gantry::image

int main(int argc, char** argv) {
  gantry::ParseFlags(
      {"write_image",
       "Writes a payload image from finished layers, and its descriptor.\n"
       "Exit codes: 0 success; 1 failure, without any output.",
       gantry::kVersion},
      argc, argv);
  const absl::Status status = gantry::image::Run();
  if (status.ok()) return 0;
  std::fprintf(stderr, "write_image: %s\n", status.ToString().c_str());
  return 1;
}
