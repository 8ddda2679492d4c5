#include "payload/image/oci_json.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/cell_name.h"
#include "proto/payload_manifest.pb.h"

namespace gantry::image {
namespace {

using payload::v1::LayerDescriptor;

// Constant, so that equal inputs give equal bytes.
constexpr absl::string_view kCreated = "1970-01-01T00:00:00Z";
constexpr absl::string_view kPrefix = "io.gantry.";

std::string JsonMap(const std::map<std::string, std::string>& members) {
  return absl::StrCat("{",
                      absl::StrJoin(members, ",",
                                    [](std::string* out, const auto& member) {
                                      absl::StrAppend(
                                          out, JsonString(member.first), ":",
                                          JsonString(member.second));
                                    }),
                      "}");
}

// "descriptor.md".
std::string DescriptorJson(absl::string_view media_type,
                           absl::string_view digest, int64_t size) {
  return absl::StrCat("{\"digest\":", JsonString(digest),
                      ",\"mediaType\":", JsonString(media_type),
                      ",\"size\":", size, "}");
}

absl::string_view LayerPurpose(const LayerDescriptor& layer) {
  switch (layer.component().kind()) {
    case payload::v1::COMPONENT_KIND_CUDA:
      return "CUDA toolkit";
    case payload::v1::COMPONENT_KIND_DRIVER:
      return "driver user space";
    case payload::v1::COMPONENT_KIND_MODULES:
      return "kernel modules";
    default:
      return "installer";
  }
}

}  // namespace

std::string JsonString(absl::string_view text) {
  std::string json = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      absl::StrAppendFormat(&json, "\\u%04x", c);
    } else {
      json += c;
    }
  }
  return json + '"';
}

std::map<std::string, std::string> ImageAnnotations(
    const cell::v1::CellCoordinates& coordinates) {
  const std::string id = CellId(coordinates);
  std::map<std::string, std::string> annotations = {
      {"org.opencontainers.image.title", "gantry payload"},
      {"org.opencontainers.image.version", id},
  };
  const auto add = [&](absl::string_view name, absl::string_view value) {
    if (!value.empty())
      annotations[absl::StrCat(kPrefix, name)] = std::string(value);
  };
  add("cell", id);
  add("os-release", coordinates.os_release());
  add("kernel-release", coordinates.kernel_release());
  add("architecture", coordinates.architecture());
  add("product", coordinates.product());
  add("version", coordinates.version());
  add("cuda-version", coordinates.cuda_version());
  switch (coordinates.flavour()) {
    case cell::v1::DRIVER_FLAVOUR_OPEN:
      add("flavour", "open");
      break;
    case cell::v1::DRIVER_FLAVOUR_PROPRIETARY:
      add("flavour", "proprietary");
      break;
    default:
      break;
  }
  return annotations;
}

std::string ImageConfigJson(const std::map<std::string, std::string>& labels,
                            const std::vector<LayerDescriptor>& layers) {
  std::vector<std::string> history;
  for (const LayerDescriptor& layer : layers) {
    const bool is_last = history.size() + 1 == layers.size();
    history.push_back(absl::StrCat(
        "{\"created\":\"", kCreated, "\",\"created_by\":\"gantry: ",
        is_last ? "payload manifest" : LayerPurpose(layer), "\"}"));
  }
  const std::string diff_ids = absl::StrJoin(
      layers, ",", [](std::string* out, const LayerDescriptor& layer) {
        out->append(JsonString(layer.diff_id()));
      });
  return absl::StrCat(
      "{\"architecture\":\"amd64\",\"config\":{\"Entrypoint\":[\"/gantry/"
      "install\"],\"Labels\":",
      JsonMap(labels), "},\"created\":\"", kCreated, "\",\"history\":[",
      absl::StrJoin(history, ","),
      "],\"os\":\"linux\",\"rootfs\":{\"diff_ids\":[", diff_ids,
      "],\"type\":\"layers\"}}");
}

std::string ImageManifestJson(
    const std::map<std::string, std::string>& annotations,
    const payload::v1::Blob& config,
    const std::vector<LayerDescriptor>& layers) {
  return absl::StrCat(
      "{\"annotations\":", JsonMap(annotations), ",\"config\":",
      DescriptorJson(config.media_type(), config.digest(), config.size()),
      ",\"layers\":[",
      absl::StrJoin(layers, ",",
                    [](std::string* out, const LayerDescriptor& layer) {
                      out->append(DescriptorJson(layer.media_type(),
                                                 layer.digest(), layer.size()));
                    }),
      "],\"mediaType\":", JsonString(kManifestMediaType),
      ",\"schemaVersion\":2}");
}

}  // namespace gantry::image
