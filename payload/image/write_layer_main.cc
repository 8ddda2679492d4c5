// Writes a layer of a payload image, and its descriptor.

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/file.h"
#include "base/program.h"
#include "base/status_macros.h"
#include "base/textproto.h"
#include "base/version.h"
#include "payload/image/compressor.h"
#include "payload/image/layer_content.h"
#include "payload/image/layer_writer.h"
#include "proto/layer_descriptor.pb.h"
#include "proto/payload_manifest.pb.h"

ABSL_FLAG(std::string, kind, "",
          "kind of component in the payload's manifest: cuda, driver or "
          "modules; or installer, which the manifest does not list");
ABSL_FLAG(std::string, prefix, "",
          "absolute path of the directory in the image that the layer fills");
ABSL_FLAG(std::string, tree, "", "uncompressed tar with the content");
ABSL_FLAG(std::vector<std::string>, program, {},
          "instead of --tree: comma-separated name=path of programs");
ABSL_FLAG(std::string, compression, "zstd", "zstd or gzip");
ABSL_FLAG(std::string, output, "", "output: the blob");
ABSL_FLAG(std::string, descriptor, "",
          "output: gantry.payload.v1.LayerDescriptor textproto");

namespace gantry::image {
namespace {

// With more, other stages of the pipeline are the bottleneck.
constexpr unsigned kMaxThreads = 8;

absl::StatusOr<payload::v1::ComponentKind> ParseKind(const std::string& name) {
  if (name == "installer") return payload::v1::COMPONENT_KIND_UNSPECIFIED;
  if (name == "cuda") return payload::v1::COMPONENT_KIND_CUDA;
  if (name == "driver") return payload::v1::COMPONENT_KIND_DRIVER;
  if (name == "modules") return payload::v1::COMPONENT_KIND_MODULES;
  return absl::InvalidArgumentError(absl::StrCat(
      "kind \"", name, "\" is not installer, cuda, driver or modules"));
}

absl::StatusOr<std::vector<LayerEntry>> ReadContent() {
  if (!absl::GetFlag(FLAGS_tree).empty()) {
    return ReadTarContent(absl::GetFlag(FLAGS_tree));
  }
  std::map<std::string, std::string> programs;
  for (const std::string& program : absl::GetFlag(FLAGS_program)) {
    programs.insert(absl::StrSplit(program, absl::MaxSplits('=', 1)));
  }
  return ReadProgramContent(programs);
}

absl::Status Run() {
  LayerOptions options;
  options.prefix = absl::GetFlag(FLAGS_prefix);
  options.output = absl::GetFlag(FLAGS_output);
  options.threads =
      std::clamp(std::thread::hardware_concurrency(), 1u, kMaxThreads);
  GANTRY_ASSIGN_OR_RETURN(options.kind, ParseKind(absl::GetFlag(FLAGS_kind)));
  GANTRY_ASSIGN_OR_RETURN(options.compression,
                          ParseCompression(absl::GetFlag(FLAGS_compression)));
  GANTRY_ASSIGN_OR_RETURN(const std::vector<LayerEntry> entries, ReadContent());
  GANTRY_ASSIGN_OR_RETURN(const payload::v1::LayerDescriptor descriptor,
                          WriteLayer(options, entries));
  const absl::Status status = WriteFileAtomically(
      absl::GetFlag(FLAGS_descriptor), FormatTextProto(descriptor));
  if (!status.ok()) std::remove(options.output.c_str());
  return status;
}

}  // namespace
}  // namespace gantry::image

int main(int argc, char** argv) {
  gantry::ParseFlags({"write_layer",
                      "Writes a layer of a payload image, and its descriptor.\n"
                      "Exit codes: 0 success; 1 failure, without any output.",
                      gantry::kVersion},
                     argc, argv);
  const absl::Status status = gantry::image::Run();
  if (status.ok()) return 0;
  std::fprintf(stderr, "write_layer: %s\n", status.ToString().c_str());
  return 1;
}
