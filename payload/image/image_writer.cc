#include "payload/image/image_writer.h"

#include <unistd.h>

#include <map>
#include <set>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "base/cell_name.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/message_digest.h"
#include "base/output_file.h"
#include "base/stage_epochs.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "base/textproto.h"
#include "payload/image/layer_content.h"
#include "payload/image/layer_writer.h"
#include "payload/image/oci_json.h"
#include "proto/content.pb.h"
#include "proto/payload_manifest.pb.h"

namespace gantry::image {
namespace {

using payload::v1::Blob;
using payload::v1::ImageDescriptor;
using payload::v1::LayerDescriptor;
using payload::v1::PayloadManifest;

constexpr char kGantryDirectory[] = "/gantry";
constexpr char kManifestName[] = "manifest.binpb";

absl::Status ValidateLayers(const std::vector<ImageLayer>& layers) {
  bool has_installer = false;
  std::set<std::string> directories;
  for (const ImageLayer& layer : layers) {
    const LayerDescriptor& descriptor = layer.descriptor;
    GANTRY_RETURN_IF_ERROR(
        Annotate(ValidateDigest(descriptor.digest()), layer.path));
    GANTRY_RETURN_IF_ERROR(
        Annotate(ValidateDigest(descriptor.diff_id()), layer.path));
    if (!descriptor.has_component()) {
      has_installer = true;
    } else if (!directories.insert(descriptor.component().source_path())
                    .second) {
      return absl::InvalidArgumentError(
          absl::StrCat(layer.path, ": another layer already fills ",
                       descriptor.component().source_path()));
    }
  }
  if (!has_installer) {
    return absl::InvalidArgumentError("no layer has the installer");
  }
  return absl::OkStatus();
}

absl::Status Validate(const ImageOptions& options) {
  GANTRY_RETURN_IF_ERROR(ValidateCoordinates(options.coordinates));
  if (options.coordinates.kernel_release().empty()) {
    return absl::InvalidArgumentError("kernel_release is not set");
  }
  return ValidateLayers(options.layers);
}

absl::StatusOr<LayerDescriptor> WriteManifestLayer(
    const ImageOptions& options) {
  PayloadManifest manifest;
  *manifest.mutable_coordinates() = options.coordinates;
  for (const ImageLayer& layer : options.layers) {
    if (!layer.descriptor.has_component()) continue;
    *manifest.add_components() = layer.descriptor.component();
  }
  LayerEntry entry;
  entry.content = SerializeDeterministically(manifest);
  entry.entry.path = kManifestName;
  entry.entry.mode = 0644;
  entry.entry.size = entry.content.size();

  LayerOptions layer;
  layer.prefix = kGantryDirectory;
  layer.compression = options.compression;
  layer.output = options.manifest_layer_output;
  return WriteLayer(layer, {entry});
}

absl::StatusOr<Blob> WriteJson(absl::string_view json,
                               absl::string_view media_type,
                               const std::string& path) {
  GANTRY_ASSIGN_OR_RETURN(OutputFile file, OutputFile::Create(path));
  GANTRY_RETURN_IF_ERROR(file.Append(json));
  GANTRY_RETURN_IF_ERROR(file.Close());
  Blob blob;
  blob.set_digest(Sha256Digest(json));
  blob.set_size(json.size());
  blob.set_media_type(std::string(media_type));
  blob.set_path(path);
  return blob;
}

Blob LayerBlob(const LayerDescriptor& descriptor, const std::string& path) {
  Blob blob;
  blob.set_digest(descriptor.digest());
  blob.set_size(descriptor.size());
  blob.set_media_type(descriptor.media_type());
  blob.set_path(path);
  return blob;
}

std::string ContentDigest(const ImageDescriptor& image,
                          const std::vector<LayerDescriptor>& layers) {
  payload::v1::Content content;
  *content.mutable_coordinates() = image.coordinates();
  for (const LayerDescriptor& layer : layers) {
    content.add_layer_media_types(layer.media_type());
    if (!layer.has_component()) continue;
    auto& tree = *content.add_trees();
    tree.set_kind(layer.component().kind());
    tree.set_source_path(layer.component().source_path());
    tree.set_digest(MessageDigest(layer.component()));
  }
  content.set_installer_epoch(StageEpochOf("installer"));
  return MessageDigest(content);
}

void AddModules(const std::vector<LayerDescriptor>& layers,
                ImageDescriptor& image) {
  std::map<std::string, std::string> digests;
  for (const LayerDescriptor& layer : layers) {
    if (layer.component().kind() != payload::v1::COMPONENT_KIND_MODULES) {
      continue;
    }
    for (const payload::v1::FileEntry& file : layer.component().files()) {
      absl::string_view name = file.path();
      name.remove_prefix(name.rfind('/') + 1);
      if (absl::ConsumeSuffix(&name, ".ko")) {
        digests.emplace(name, file.digest());
      }
    }
  }
  for (const auto& [name, digest] : digests) {
    auto& module = *image.add_modules();
    module.set_name(name);
    module.set_digest(digest);
  }
}

}  // namespace

absl::StatusOr<ImageDescriptor> WriteImage(const ImageOptions& options) {
  GANTRY_RETURN_IF_ERROR(Validate(options));
  absl::Cleanup remove = [&] {
    for (const std::string* path :
         {&options.manifest_output, &options.config_output,
          &options.manifest_layer_output}) {
      unlink(path->c_str());
    }
  };
  ImageDescriptor image;
  *image.mutable_coordinates() = options.coordinates;
  std::vector<LayerDescriptor> layers;
  for (const ImageLayer& layer : options.layers) {
    layers.push_back(layer.descriptor);
    *image.add_layers() = LayerBlob(layer.descriptor, layer.path);
  }
  GANTRY_ASSIGN_OR_RETURN(LayerDescriptor last, WriteManifestLayer(options));
  *image.add_layers() = LayerBlob(last, options.manifest_layer_output);
  layers.push_back(std::move(last));

  const std::map<std::string, std::string> annotations =
      ImageAnnotations(options.coordinates);
  GANTRY_ASSIGN_OR_RETURN(*image.mutable_config(),
                          WriteJson(ImageConfigJson(annotations, layers),
                                    kConfigMediaType, options.config_output));
  GANTRY_ASSIGN_OR_RETURN(
      *image.mutable_manifest(),
      WriteJson(ImageManifestJson(annotations, image.config(), layers),
                kManifestMediaType, options.manifest_output));
  image.set_content_digest(ContentDigest(image, layers));
  AddModules(layers, image);
  GANTRY_RETURN_IF_ERROR(
      WriteFileAtomically(options.descriptor_output, FormatTextProto(image)));
  std::move(remove).Cancel();
  return image;
}

}  // namespace gantry::image
