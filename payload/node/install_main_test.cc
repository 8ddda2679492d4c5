// The program: its flags, exit codes, output streams, and signals.

#include <signal.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/subprocess.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "payload/node/test_host.h"
#include "payload/node/test_payload.h"
#include "proto/payload_manifest.pb.h"

namespace gantry::node {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kProgram[] = "payload/node/install";

class InstallMainTest : public testing::Test {
 protected:
  InstallMainTest()
      : temp_(*TempDir::Create(FastTempParent())),
        rootfs_(JoinPath(temp_.path(), "rootfs")),
        payload_(TestPayload::Small(JoinPath(temp_.path(), "image"), "12.4",
                                    "one")) {
    MakeTestHost(rootfs_);
  }

  std::vector<std::string> Argv(const std::vector<std::string>& flags = {}) {
    std::vector<std::string> argv = {
        kProgram, "--image_root=" + payload_.image_root(),
        "--rootfs=" + rootfs_, std::string("--kernel_release=") + kTestKernel};
    argv.insert(argv.end(), flags.begin(), flags.end());
    return argv;
  }
  SubprocessResult Run(const std::vector<std::string>& flags = {}) {
    SubprocessOptions options;
    options.argv = Argv(flags);
    const auto result = RunSubprocess(options);
    EXPECT_THAT(result, IsOk());
    return *result;
  }

  const TempDir temp_;
  const std::string rootfs_;
  TestPayload payload_;
};

TEST_F(InstallMainTest, ResultGoesToStdoutAndProgressToStderr) {
  SubprocessResult result = Run();
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.output,
            "installed /opt/nvidia/535.261.03/flatcar-4230.2.0 and "
            "/opt/cuda/12.4: copied 5 files, 33 B\n");
  EXPECT_THAT(result.error_output, HasSubstr(" of 33 B, 0 of 5 files\n"));
  result = Run();
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.output,
            "already installed: /opt/nvidia/535.261.03/flatcar-4230.2.0 and "
            "/opt/cuda/12.4; nothing changed\n");
  EXPECT_EQ(result.error_output, "");
}

TEST_F(InstallMainTest, DryRunPrintsThePlanAndJsonTheResult) {
  SubprocessResult result = Run({"--dry_run"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.output, HasSubstr("link /opt/cuda/current -> 12.4\n"));
  EXPECT_FALSE(fs::exists(JoinPath(rootfs_, "opt")));
  result = Run({"--json"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.output, HasSubstr("\"path\": \"/opt/cuda/12.4\""));
}

TEST_F(InstallMainTest, EachRefusalHasItsExitCode) {
  EXPECT_EQ(Run({"--help"}).exit_code, 0);
  EXPECT_EQ(Run({"--no_such_flag"}).exit_code, 2);
  EXPECT_EQ(Run({"--verify=perhaps"}).exit_code, 2);
  EXPECT_EQ(Run({"argument"}).exit_code, 2);
  EXPECT_EQ(Run({"--rootfs=/nonexistent"}).exit_code, 2);
  const SubprocessResult wrong = Run({"--kernel_release=6.6.96-flatcar"});
  EXPECT_EQ(wrong.exit_code, 3);
  EXPECT_EQ(wrong.output, "");
  EXPECT_THAT(wrong.error_output, StartsWith("install: this payload is for "));
  std::ofstream(payload_.SourcePath(0, "bin/nvcc")) << "nvcc two";
  EXPECT_EQ(Run().exit_code, 6);
  fs::create_directories(JoinPath(rootfs_, "opt/cuda/12.4"));
  EXPECT_EQ(Run().exit_code, 7);
}

TEST_F(InstallMainTest, SignalStopsItAndStagedFilesAreRemoved) {
  // A payload that takes long enough to be interrupted: a sparse file reads as
  // zeros.
  payload::v1::Component& cuda = *payload_.manifest().mutable_components(0);
  payload_.AddFile(cuda, "big", "");
  constexpr int64_t kSize = int64_t{8} << 30;
  cuda.mutable_files(cuda.files_size() - 1)->set_size(kSize);
  fs::resize_file(payload_.SourcePath(0, "big"), kSize);
  payload_.WriteManifest();

  SubprocessOptions options;
  options.argv = Argv();
  auto process = BackgroundProcess::Start(options);
  ASSERT_THAT(process, IsOk());
  const std::string staged = JoinPath(rootfs_, "opt/cuda/.gantry-staging/big");
  while (!fs::exists(staged)) absl::SleepFor(absl::Milliseconds(1));
  process->Signal(SIGTERM);
  EXPECT_EQ(process->Wait(), 128 + SIGTERM);
  EXPECT_TRUE(fs::is_empty(JoinPath(rootfs_, "opt/cuda")));
  EXPECT_TRUE(fs::is_empty(JoinPath(rootfs_, "opt/nvidia")));
}

TEST_F(InstallMainTest, NeedsNoSharedLibrary) {
  const auto bytes = ReadFile(kProgram);
  // PT_INTERP of every dynamic x86-64 program names this loader.
  EXPECT_THAT(bytes,
              IsOkAndHolds(Not(HasSubstr("/lib64/ld-linux-x86-64.so.2"))));
}

}  // namespace
}  // namespace gantry::node
