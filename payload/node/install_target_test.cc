#include "payload/node/install_target.h"

#include <functional>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "payload/node/test_host.h"

namespace gantry::node {
namespace {

using ::gantry::payload::v1::Component;
using ::gantry::payload::v1::FileEntry;
using ::gantry::payload::v1::PayloadManifest;

constexpr char kDigest[] =
    "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

FileEntry File(const std::string& path) {
  FileEntry entry;
  entry.set_path(path);
  entry.set_type(payload::v1::FILE_TYPE_REGULAR);
  entry.set_mode(0644);
  entry.set_size(3);
  entry.set_digest(kDigest);
  return entry;
}

FileEntry Directory(const std::string& path) {
  FileEntry entry;
  entry.set_path(path);
  entry.set_type(payload::v1::FILE_TYPE_DIRECTORY);
  entry.set_mode(0755);
  return entry;
}

FileEntry Link(const std::string& path, const std::string& target) {
  FileEntry entry;
  entry.set_path(path);
  entry.set_type(payload::v1::FILE_TYPE_SYMLINK);
  entry.set_link_target(target);
  return entry;
}

PayloadManifest Cuda(const std::vector<FileEntry>& files) {
  PayloadManifest manifest;
  auto& coordinates = *manifest.mutable_coordinates();
  coordinates.set_os_release(kTestOsRelease);
  coordinates.set_architecture("amd64");
  coordinates.set_product("nvidia");
  coordinates.set_kernel_release(kTestKernel);
  coordinates.set_version("535.261.03");
  coordinates.set_cuda_version("12.4");
  Component& component = *manifest.add_components();
  component.set_kind(payload::v1::COMPONENT_KIND_CUDA);
  component.set_source_path("/payload/cuda/12.4");
  for (const FileEntry& file : files) *component.add_files() = file;
  return manifest;
}

void AddDriverAndModules(PayloadManifest& manifest) {
  Component& driver = *manifest.add_components();
  driver.set_kind(payload::v1::COMPONENT_KIND_DRIVER);
  driver.set_source_path("/payload/nvidia/535.261.03");
  *driver.add_files() = Directory("lib64");
  *driver.add_files() = File("lib64/libcuda.so.1");
  Component& modules = *manifest.add_components();
  modules.set_kind(payload::v1::COMPONENT_KIND_MODULES);
  modules.set_source_path("/payload/modules/535.261.03/flatcar-4230.2.0");
  *modules.add_files() = File("nvidia.ko");
}

std::vector<std::string> Paths(const InstallTarget& target) {
  std::vector<std::string> paths;
  for (const InstallEntry& entry : target.entries) paths.push_back(entry.path);
  return paths;
}

std::string ErrorFor(const PayloadManifest& manifest) {
  const auto layout = MakeLayout(manifest);
  EXPECT_THAT(layout, StatusIs(absl::StatusCode::kInvalidArgument));
  return std::string(layout.status().message());
}

std::string ErrorFor(const std::vector<FileEntry>& files) {
  return ErrorFor(Cuda(files));
}

TEST(LayoutTest, DriverComesFirstAndContainsTheModules) {
  PayloadManifest manifest = Cuda({Directory("bin"), File("bin/nvcc")});
  AddDriverAndModules(manifest);
  const auto layout = MakeLayout(manifest);
  ASSERT_THAT(layout, IsOk());
  ASSERT_EQ(layout->size(), 2u);
  const InstallTarget& nvidia = (*layout)[0];
  EXPECT_EQ(nvidia.base, "opt/nvidia");
  EXPECT_EQ(nvidia.directory, "535.261.03/flatcar-4230.2.0");
  EXPECT_EQ(Paths(nvidia),
            (std::vector<std::string>{
                "lib", "lib/modules", "lib/modules/6.6.95-flatcar",
                "lib/modules/6.6.95-flatcar/video",
                "lib/modules/6.6.95-flatcar/video/nvidia.ko", "lib64",
                "lib64/libcuda.so.1"}));
  EXPECT_EQ(nvidia.entries[4].source,
            "payload/modules/535.261.03/flatcar-4230.2.0/nvidia.ko");
  const InstallTarget& cuda = (*layout)[1];
  EXPECT_EQ(cuda.base, "opt/cuda");
  EXPECT_EQ(cuda.directory, "12.4");
  EXPECT_EQ(cuda.FileCount(), 1);
  EXPECT_EQ(cuda.ByteCount(), 3);
}

TEST(LayoutTest, DigestDependsOnEveryFieldButNotOnOtherTargets) {
  const std::vector<FileEntry> files = {Directory("d"), File("d/f"),
                                        Link("d/l", "f")};
  const std::string digest = MakeLayout(Cuda(files))->front().digest;
  PayloadManifest with_driver = Cuda(files);
  AddDriverAndModules(with_driver);
  EXPECT_EQ(MakeLayout(with_driver)->back().digest, digest);

  const std::vector<std::function<void(std::vector<FileEntry>&)>> changes = {
      [](auto& f) { f[0].set_mode(0700); },
      [](auto& f) { f[1].set_size(4); },
      [](auto& f) { f[1].set_path("d/g"); },
      [](auto& f) { f[1].mutable_digest()->back() = '0'; },
      [](auto& f) { f[2].set_link_target("d"); },
  };
  for (size_t i = 0; i < changes.size(); ++i) {
    std::vector<FileEntry> changed = files;
    changes[i](changed);
    const auto layout = MakeLayout(Cuda(changed));
    ASSERT_THAT(layout, IsOk());
    EXPECT_NE(layout->front().digest, digest) << i;
  }
}

TEST(LayoutTest, PathsThatAreNotNormalizedAreRefused) {
  for (const char* path :
       {"", "/etc/passwd", "../x", "a/../../x", "a//b", "./a", "a/", "a/."}) {
    EXPECT_EQ(ErrorFor({Directory("a"), File(path)}),
              "/payload/cuda/12.4: \"" + std::string(path) +
                  "\": not a normalized relative path");
  }
  EXPECT_EQ(ErrorFor({File(std::string("a\0b", 3))}),
            "/payload/cuda/12.4: \"a\\000b\": not a normalized relative path");
}

TEST(LayoutTest, EntriesOutsideOfAListedDirectoryAreRefused) {
  const std::string error =
      "/payload/cuda/12.4: \"a/b\": does not follow the directory that "
      "contains it";
  EXPECT_EQ(ErrorFor({File("a/b")}), error);
  EXPECT_EQ(ErrorFor({File("a"), File("a/b")}), error);
  EXPECT_EQ(ErrorFor({Link("a", "."), File("a/b")}), error);
}

TEST(LayoutTest, PathsThatAreListedTwiceAreRefused) {
  EXPECT_EQ(ErrorFor({File("a"), Link("a", "b")}),
            "/payload/cuda/12.4: \"a\": listed twice");
  EXPECT_EQ(ErrorFor({Directory("a"), File("a")}),
            "/payload/cuda/12.4: \"a\": listed twice");
  EXPECT_THAT(MakeLayout(Cuda({Directory("a"), Directory("a")})), IsOk());
}

TEST(LayoutTest, ModulesBehindALinkOfTheDriverAreRefused) {
  PayloadManifest manifest = Cuda({File("f")});
  AddDriverAndModules(manifest);
  *manifest.mutable_components(1)->add_files() = Link("lib", "lib64");
  EXPECT_EQ(ErrorFor(manifest),
            "\"lib/modules/6.6.95-flatcar/video\": does not follow the "
            "directory that contains it");
}

TEST(LayoutTest, LinksThatLeadOutsideAreRefused) {
  for (const std::vector<FileEntry>& files :
       std::vector<std::vector<FileEntry>>{
           {Link("l", "..")},
           {Directory("a"), Link("a/l", "../../x")},
           // "..": of the link's target, not of the link.
           {Directory("a"), Directory("a/b"), Link("a/b/top", "../.."),
            Link("l", "a/b/top/..")}}) {
    EXPECT_EQ(ErrorFor(files),
              "cuda: \"" + files.back().path() +
                  "\": link leads outside the installed directory");
  }
  EXPECT_EQ(ErrorFor({Link("l", "/etc")}),
            "/payload/cuda/12.4: \"l\": link target is not a relative path");
  EXPECT_EQ(ErrorFor({Link("a", "b"), Link("b", "a")}),
            "cuda: \"a\": too many links");
}

TEST(LayoutTest, LinksThatStayInsideAreAccepted) {
  EXPECT_THAT(
      MakeLayout(Cuda({Directory("a"), File("a/f"), Link("a/l", "../a/./f"),
                       Link("m", "a/l"), Link("dangling", "a/nothing")})),
      IsOk());
}

TEST(LayoutTest, FieldsOutOfRangeAreRefused) {
  FileEntry entry = File("f");
  entry.set_mode(010000);
  EXPECT_EQ(ErrorFor({entry}), "/payload/cuda/12.4: \"f\": mode exceeds 07777");
  entry = File("f");
  entry.set_size(-1);
  EXPECT_EQ(ErrorFor({entry}), "/payload/cuda/12.4: \"f\": size out of range");
  entry = File("f");
  entry.set_digest("sha256:0");
  EXPECT_EQ(
      ErrorFor({entry}),
      "/payload/cuda/12.4: f: \"sha256:0\" is not sha256:<64 hex digits>");
  EXPECT_EQ(ErrorFor({File(".gantry-receipt")}),
            "/payload/cuda/12.4: \".gantry-receipt\": reserved name");
  EXPECT_EQ(ErrorFor(Cuda({})), "the manifest lists no files");
}

TEST(LayoutTest, CoordinatesThatAreNotNamesAreRefused) {
  PayloadManifest manifest = Cuda({File("f")});
  manifest.mutable_coordinates()->set_kernel_release("../../etc");
  EXPECT_EQ(ErrorFor(manifest),
            "kernel_release \"../../etc\" is not a kernel release");
  manifest = Cuda({File("f")});
  manifest.mutable_coordinates()->set_cuda_version("../..");
  EXPECT_THAT(MakeLayout(manifest),
              StatusIs(absl::StatusCode::kInvalidArgument));
  manifest = Cuda({File("f")});
  manifest.mutable_components(0)->set_source_path("/payload/../etc");
  EXPECT_EQ(ErrorFor(manifest),
            "\"/payload/../etc\": not a normalized path below /payload");
}

// Every path of an accepted manifest is safe to append to the installed
// directory, whatever its bytes are.
TEST(LayoutTest, MutatedManifestsNeverLeadOutside) {
  PayloadManifest manifest =
      Cuda({Directory("a"), File("a/b"), Link("a/l", "b"), Link("m", "a/l")});
  AddDriverAndModules(manifest);
  const std::string bytes = manifest.SerializeAsString();
  std::mt19937 random(1);  // Always the same mutations.
  constexpr char kInteresting[] = {'.', '/', '\0', 'a', '\x7f'};
  int accepted = 0;
  for (int i = 0; i < 50000; ++i) {
    std::string mutated = bytes;
    for (int changes = 1 + random() % 3; changes > 0; --changes) {
      mutated[random() % mutated.size()] =
          random() % 4 == 0 ? static_cast<char>(random())
                            : kInteresting[random() % sizeof(kInteresting)];
    }
    PayloadManifest parsed;
    if (!parsed.ParseFromString(mutated)) continue;
    const auto layout = MakeLayout(parsed);
    if (!layout.ok()) continue;
    ++accepted;
    for (const InstallTarget& target : *layout) {
      for (const InstallEntry& entry : target.entries) {
        const std::string framed = "/" + entry.path + "/";
        ASSERT_EQ(framed.find("/../"), std::string::npos) << entry.path;
        ASSERT_EQ(framed.find("//"), std::string::npos) << entry.path;
        ASSERT_NE(entry.link_target.substr(0, 1), "/") << entry.link_target;
      }
    }
  }
  EXPECT_GT(accepted, 100);
}

}  // namespace
}  // namespace gantry::node
