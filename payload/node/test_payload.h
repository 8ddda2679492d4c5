#ifndef GANTRY_PAYLOAD_NODE_TEST_PAYLOAD_H_
#define GANTRY_PAYLOAD_NODE_TEST_PAYLOAD_H_

#include <string>

#include "absl/strings/string_view.h"
#include "proto/payload.pb.h"

namespace gantry::node {

inline constexpr char kTestKernel[] = "6.6.95-flatcar";
inline constexpr char kTestOsRelease[] = "flatcar-4230.2.0";

// A payload for kTestOsRelease, as a folder that looks like an image's root.
// Failures to write are failures of the test.
class TestPayload {
 public:
  // An empty payload; `cuda_version` tells payloads of one host apart.
  TestPayload(std::string image_root, absl::string_view cuda_version);

  // A small one with every type of entry, in all three components.
  // `content` makes the files of one payload differ from another's.
  static TestPayload Small(std::string image_root,
                           absl::string_view cuda_version,
                           absl::string_view content);

  const std::string& image_root() const { return image_root_; }
  payload::v1::PayloadManifest& manifest() { return manifest_; }
  // Where the image has the file `path` of the component.
  std::string SourcePath(int component, absl::string_view path) const;

  payload::v1::Component& AddComponent(payload::v1::ComponentKind kind,
                                       absl::string_view source_path);
  void AddFolder(payload::v1::Component& component, absl::string_view path,
                 int mode = 0755);
  void AddFile(payload::v1::Component& component, absl::string_view path,
               absl::string_view content, int mode = 0644);
  void AddLink(payload::v1::Component& component, absl::string_view path,
               absl::string_view target);

  // Writes gantry/manifest.binpb; call after all changes.
  void WriteManifest() const;

 private:
  const std::string image_root_;
  payload::v1::PayloadManifest manifest_;
};

// Makes `path` the root of a host of kTestOsRelease.
void MakeTestRootfs(const std::string& path);

// A folder for test data: in memory where possible, so that thousands of syncs
// cost nothing.
std::string FastTempParent();

}  // namespace gantry::node

#endif  // GANTRY_PAYLOAD_NODE_TEST_PAYLOAD_H_
