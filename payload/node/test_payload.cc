#include "payload/node/test_payload.h"

#include <filesystem>
#include <fstream>
#include <ios>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/digest.h"
#include "base/file.h"
#include "payload/node/test_host.h"
#include "proto/coordinates.pb.h"

namespace gantry::node {
namespace {

namespace fs = std::filesystem;
using ::gantry::payload::v1::Component;
using ::gantry::payload::v1::FileEntry;

void WriteFile(const std::string& path, absl::string_view content) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << content;
}

}  // namespace

TestPayload::TestPayload(std::string image_root, absl::string_view cuda_version)
    : image_root_(std::move(image_root)) {
  auto& coordinates = *manifest_.mutable_coordinates();
  coordinates.set_os_release(kTestOsRelease);
  coordinates.set_architecture("amd64");
  coordinates.set_product("nvidia");
  coordinates.set_kernel_release(kTestKernel);
  coordinates.set_version("535.261.03");
  coordinates.set_flavour(cell::v1::DRIVER_FLAVOUR_OPEN);
  coordinates.set_cuda_version(std::string(cuda_version));
  fs::create_directories(image_root_);
}

TestPayload TestPayload::Small(std::string image_root,
                               absl::string_view cuda_version,
                               absl::string_view content) {
  TestPayload payload(std::move(image_root), cuda_version);
  Component& cuda =
      payload.AddComponent(payload::v1::COMPONENT_KIND_CUDA,
                           absl::StrCat("/payload/cuda/", cuda_version));
  payload.AddDirectory(cuda, "bin");
  payload.AddFile(cuda, "bin/nvcc", absl::StrCat("nvcc ", content), 0755);
  payload.AddDirectory(cuda, "lib64");
  payload.AddFile(cuda, "lib64/libcudart.so.1", absl::StrCat("rt ", content));
  payload.AddLink(cuda, "lib64/libcudart.so", "libcudart.so.1");

  Component& driver = payload.AddComponent(payload::v1::COMPONENT_KIND_DRIVER,
                                           "/payload/nvidia/535.261.03");
  payload.AddDirectory(driver, "lib64");
  payload.AddFile(driver, "lib64/libcuda.so.1", absl::StrCat("cu ", content));

  Component& modules = payload.AddComponent(
      payload::v1::COMPONENT_KIND_MODULES,
      absl::StrCat("/payload/modules/535.261.03/", kTestOsRelease));
  payload.AddFile(modules, "modules.order", "nvidia\n");
  payload.AddFile(modules, "nvidia.ko", absl::StrCat("ko ", content));
  payload.WriteManifest();
  return payload;
}

std::string TestPayload::SourcePath(int component,
                                    absl::string_view path) const {
  return JoinPath(
      image_root_,
      JoinPath(manifest_.components(component).source_path(), path));
}

Component& TestPayload::AddComponent(payload::v1::ComponentKind kind,
                                     absl::string_view source_path) {
  Component& component = *manifest_.add_components();
  component.set_kind(kind);
  component.set_source_path(std::string(source_path));
  return component;
}

void TestPayload::AddDirectory(Component& component, absl::string_view path,
                               int mode) {
  FileEntry& entry = *component.add_files();
  entry.set_path(std::string(path));
  entry.set_type(payload::v1::FILE_TYPE_DIRECTORY);
  entry.set_mode(mode);
}

void TestPayload::AddFile(Component& component, absl::string_view path,
                          absl::string_view content, int mode) {
  FileEntry& entry = *component.add_files();
  entry.set_path(std::string(path));
  entry.set_type(payload::v1::FILE_TYPE_REGULAR);
  entry.set_mode(mode);
  entry.set_size(content.size());
  entry.set_digest(Sha256Digest(content));
  WriteFile(JoinPath(image_root_, JoinPath(component.source_path(), path)),
            content);
}

void TestPayload::AddLink(Component& component, absl::string_view path,
                          absl::string_view target) {
  FileEntry& entry = *component.add_files();
  entry.set_path(std::string(path));
  entry.set_type(payload::v1::FILE_TYPE_SYMLINK);
  entry.set_link_target(std::string(target));
}

void TestPayload::WriteManifest() const {
  WriteFile(JoinPath(image_root_, "gantry/manifest.binpb"),
            manifest_.SerializeAsString());
}

}  // namespace gantry::node
