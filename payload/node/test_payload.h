#ifndef GANTRY_PAYLOAD_NODE_TEST_PAYLOAD_H_
#define GANTRY_PAYLOAD_NODE_TEST_PAYLOAD_H_

#include <string>

#include "absl/strings/string_view.h"
#include "proto/payload_manifest.pb.h"

namespace gantry::node {

// A payload for the host of test_host.h, in a directory laid out like the root
// of its image.  A failed write is a failure of the test.
class TestPayload {
 public:
  // An empty payload.  Payloads of one host differ in `cuda_version`.
  TestPayload(std::string image_root, absl::string_view cuda_version);

  // A small payload with every type of entry, in all three components.
  // `content` is what the files of one payload differ in from another's.
  static TestPayload Small(std::string image_root,
                           absl::string_view cuda_version,
                           absl::string_view content);

  const std::string& image_root() const { return image_root_; }
  payload::v1::PayloadManifest& manifest() { return manifest_; }
  // Where the image has the file `path` of a component.
  std::string SourcePath(int component, absl::string_view path) const;

  payload::v1::Component& AddComponent(payload::v1::ComponentKind kind,
                                       absl::string_view source_path);
  void AddDirectory(payload::v1::Component& component, absl::string_view path,
                    int mode = 0755);
  void AddFile(payload::v1::Component& component, absl::string_view path,
               absl::string_view content, int mode = 0644);
  void AddLink(payload::v1::Component& component, absl::string_view path,
               absl::string_view target);

  // Writes gantry/manifest.binpb.  Call after all changes.
  void WriteManifest() const;

 private:
  const std::string image_root_;
  payload::v1::PayloadManifest manifest_;
};

}  // namespace gantry::node

#endif  // GANTRY_PAYLOAD_NODE_TEST_PAYLOAD_H_
