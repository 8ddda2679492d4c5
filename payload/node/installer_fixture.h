// The fixture of tests that install small payloads on a fresh host.

#ifndef GANTRY_PAYLOAD_NODE_INSTALLER_FIXTURE_H_
#define GANTRY_PAYLOAD_NODE_INSTALLER_FIXTURE_H_

#include <filesystem>
#include <string>

#include "absl/status/status.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "payload/node/install_result.h"
#include "payload/node/installer.h"
#include "payload/node/test_host.h"
#include "payload/node/test_payload.h"

namespace gantry::node {

class InstallerFixture : public testing::Test {
 protected:
  InstallerFixture()
      : temp_(*TempDir::Create(FastTempParent())),
        rootfs_(JoinPath(temp_.path(), "rootfs")) {
    MakeTestHost(rootfs_);
  }

  TestPayload Payload(const std::string& cuda_version = "12.4",
                      const std::string& content = "one") {
    return TestPayload::Small(JoinPath(temp_.path(), "image-" + content),
                              cuda_version, content);
  }
  InstallOptions Options(const TestPayload& payload) {
    InstallOptions options;
    options.image_root = payload.image_root();
    options.rootfs = rootfs_;
    options.kernel_release = kTestKernel;
    return options;
  }

  // Installs, which must succeed.
  InstallResult Run(const InstallOptions& options) {
    const auto result = Install(options);
    EXPECT_THAT(result, IsOk());
    return result.ok() ? *result : InstallResult();
  }
  InstallResult Run(const TestPayload& payload) {
    return Run(Options(payload));
  }
  // Installs, and returns the error.
  absl::Status Error(const TestPayload& payload) {
    return Install(Options(payload)).status();
  }

  // Paths on the host are relative to its root.
  std::string OnHost(const std::string& path) {
    return JoinPath(rootfs_, path);
  }
  std::string Read(const std::string& path) {
    return ReadFile(OnHost(path)).value_or("<nothing>");
  }
  std::string LinkTarget(const std::string& path) {
    return std::filesystem::read_symlink(OnHost(path));
  }
  bool Exists(const std::string& path) {
    return std::filesystem::exists(OnHost(path));
  }

  const TempDir temp_;
  const std::string rootfs_;
};

}  // namespace gantry::node

#endif  // GANTRY_PAYLOAD_NODE_INSTALLER_FIXTURE_H_
