#include "release/job/fake_cell.h"

#include <cstdint>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/substitute.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/textproto.h"
#include "gmock/gmock.h"
#include "proto/matrix.pb.h"
#include "proto/release_service.pb.h"
#include "tests/fixtures/test_cells.h"

namespace gantry::job {
namespace {

using ::gantry::payload::v1::Blob;
using ::gantry::payload::v1::ImageDescriptor;

std::string Write(const std::string& directory, const std::string& name,
                  const std::string& content) {
  const std::string path = JoinPath(directory, name);
  EXPECT_THAT(WriteFileAtomically(path, content), IsOk());
  return path;
}

Blob WriteBlob(const std::string& directory, const std::string& name,
               const std::string& media_type, const std::string& content) {
  Write(directory, name, content);
  Blob blob;
  blob.set_digest(Sha256Digest(content));
  blob.set_size(static_cast<int64_t>(content.size()));
  blob.set_media_type(media_type);
  blob.set_path(name);
  return blob;
}

ImageDescriptor WriteImage(const std::string& directory, int number,
                           const FakeCellOptions& options) {
  const std::string name = absl::StrCat(number, options.content);
  ImageDescriptor image;
  *image.mutable_coordinates() = fixtures::TestCoordinates(number);
  Blob& config = *image.mutable_config();
  config = WriteBlob(directory, absl::StrCat(number, ".config.json"),
                     "application/vnd.oci.image.config.v1+json",
                     R"({"architecture":"amd64","os":"linux"})");
  *image.mutable_manifest() = WriteBlob(
      directory, absl::StrCat(name, ".manifest.json"),
      "application/vnd.oci.image.manifest.v1+json",
      absl::Substitute(
          R"({"schemaVersion":2,"config":{"mediaType":"$0","digest":"$1",)"
          R"("size":$2},"layers":[],"annotations":{"cell":"$3"}})",
          config.media_type(), config.digest(), config.size(), name));
  image.set_content_digest(image.manifest().digest());
  for (const std::string& module_name : options.modules) {
    auto& module = *image.add_modules();
    module.set_name(module_name);
    module.set_digest(Sha256Digest(module_name));
  }
  return image;
}

}  // namespace

std::string TestLabel(int number) {
  return absl::StrCat("@cells//", fixtures::TestId(number), ":cell");
}

matrix::v1::LockedCell& AddTestCell(int number, matrix::v1::Lock& lock) {
  auto& cell = *lock.add_cells();
  cell.set_id(fixtures::TestId(number));
  *cell.mutable_coordinates() = fixtures::TestCoordinates(number);
  // Known only from the image.
  cell.mutable_coordinates()->clear_kernel_release();
  cell.add_channels("6.1-cloud");
  if (lock.releases().empty()) {
    auto& release = *lock.add_releases();
    release.set_name(cell.coordinates().os_release());
    release.set_family(matrix::v1::FAMILY_DEBIAN);
    release.set_version("6.1.0-56-cloud-amd64");
    release.add_channels(cell.channels(0));
    auto& driver = *lock.add_drivers();
    driver.set_version(cell.coordinates().version());
    driver.set_flavour(cell.coordinates().flavour());
  }
  lock.add_cuda_toolkits()->set_version(cell.coordinates().cuda_version());
  return cell;
}

ImageDescriptor BuildsTestCell(const std::string& directory, int number,
                               FakeBazel& bazel,
                               const FakeCellOptions& options) {
  const ImageDescriptor image = WriteImage(directory, number, options);
  const auto proof = fixtures::TestRevision(number).payload().proof();
  std::map<std::string, std::string> outputs = {
      {"image", Write(directory, absl::StrCat(number, ".image.textproto"),
                      FormatTextProto(image))},
      {"proof", Write(directory, absl::StrCat(number, ".proof.textproto"),
                      FormatTextProto(proof))}};
  if (!options.input.empty()) outputs["inputs"] = options.input;
  bazel.Builds(TestLabel(number), outputs);
  return image;
}

}  // namespace gantry::job
