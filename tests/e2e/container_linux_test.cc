// Builds payloads for releases of CoreOS and Flatcar, which are served on
// loopback, with all stages of the main job: discovery, developer container,
// compilation, image, proof and publishing.
//
// The developer containers hold Debian's files in the layouts of the two
// distributions, and a small kernel module replaces the driver.

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/subprocess.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/matrix_report.pb.h"
#include "release/publish/oci_layout.h"
#include "tests/e2e/container_linux_fixture.h"
#include "tests/e2e/matrix_runner.h"
#include "tests/e2e/podman.h"
#include "tests/e2e/test_driver.h"
#include "tests/fixtures/registry.h"

namespace gantry::e2e {
namespace {

namespace fs = std::filesystem;
using ::gantry::matrix::v1::CellReport;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;

constexpr char kFlatcarCell[] = "flatcar-4230.2.0_amd64_nvidia_1.0_cuda11.8";
constexpr char kCoreosCell[] = "coreos-2023.4.0_amd64_nvidia_1.0_cuda11.8";

// Exit codes of the main job.
constexpr int kError = 1;
constexpr int kSomeCellsFailed = 3;

// Matches a CellReport.
MATCHER(IsBuilt, "is built") {
  *result_listener << "whose state is \"" << arg.state() << "\" because of \""
                   << arg.reason() << "\"";
  return arg.state() == "built";
}

// Matches a CellReport whose reason matches.
MATCHER_P(HasFailed, reason, "has failed") {
  *result_listener << "whose state is \"" << arg.state() << "\", ";
  return arg.state() == "failed" &&
         testing::ExplainMatchResult(reason, arg.reason(), result_listener);
}

TEST_F(ContainerLinuxTest, BothFamiliesAreBuiltOnceAndReproducibly) {
  const std::string matrix = WriteMatrix();
  GANTRY_ASSERT_OK_AND_ASSIGN(const MatrixRunner::Result first,
                              RunMatrix(matrix));
  EXPECT_EQ(first.exit_code, 0) << first.progress;
  const CellReport flatcar = FindCell(first, kFlatcarCell);
  const CellReport coreos = FindCell(first, kCoreosCell);
  ASSERT_THAT(flatcar, IsBuilt());
  ASSERT_THAT(coreos, IsBuilt());
  EXPECT_THAT(flatcar.kernel(), EndsWith("-cloud-amd64"));

  GANTRY_ASSERT_OK_AND_ASSIGN(publish::OciLayout layout,
                              publish::OciLayout::Open(PathOf("state/oci")));
  EXPECT_THAT(layout.FindTag(kFlatcarCell), IsOkAndHolds(flatcar.digest()));

  // The images share the layers of the installer and CUDA, but not the modules.
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<std::string> flatcar_layers,
                              LayersOf(flatcar));
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<std::string> coreos_layers,
                              LayersOf(coreos));
  ASSERT_GE(flatcar_layers.size(), 3);
  ASSERT_EQ(coreos_layers.size(), flatcar_layers.size());
  EXPECT_EQ(flatcar_layers[0], coreos_layers[0]);
  EXPECT_EQ(flatcar_layers[1], coreos_layers[1]);
  EXPECT_NE(flatcar_layers.back(), coreos_layers.back());

  // A second run finds nothing to do.
  GANTRY_ASSERT_OK_AND_ASSIGN(const MatrixRunner::Result second,
                              RunMatrix(matrix));
  EXPECT_EQ(second.exit_code, 0) << second.progress;
  EXPECT_EQ(second.progress, "");
  EXPECT_EQ(FindCell(second, kFlatcarCell).digest(), flatcar.digest());

  // A build with an empty output base produces the same bytes.
  MatrixRunner other(PathInSuite("other_bazel"), DiskCache());
  other.AddBazelOption(kNoCache);
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const MatrixRunner::Result again,
      other.Run({"--matrix=" + matrix,
                 absl::StrCat("--state=", PathOf("other_state"))}));
  EXPECT_EQ(FindCell(again, kFlatcarCell).digest(), flatcar.digest())
      << again.progress;
  EXPECT_EQ(FindCell(again, kCoreosCell).digest(), coreos.digest());
}

// Installs the image from a registry as a node does, and runs a program that
// needs the real CUDA runtime.
TEST_F(ContainerLinuxTest, ProgramFindsTheRuntimeOfTheInstalledImage) {
  for (const char* name : {"registry", "podman", "rootfs/etc"}) {
    fs::create_directories(PathOf(name));
  }
  GANTRY_ASSERT_OK_AND_ASSIGN(const fixtures::Registry registry,
                              fixtures::Registry::Start(PathOf("registry")));
  const std::string repository = registry.Repository("gantry");
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const MatrixRunner::Result result,
      RunMatrix(WriteMatrix(),
                {"--channel=stable", "--registry=" + repository}));
  EXPECT_EQ(result.exit_code, 0) << result.progress;
  ASSERT_EQ(result.report.cells_size(), 1) << "only the channel's cells";
  const CellReport cell = FindCell(result, kFlatcarCell);
  EXPECT_FALSE(fs::exists(PathOf("state/oci")));

  const std::string tagged = absl::StrCat(repository, ":", kFlatcarCell);
  EXPECT_THAT(RunCommand({"skopeo", "inspect", "--tls-verify=false",
                          "--format={{.Digest}}", "docker://" + tagged}),
              IsOkAndHolds(cell.digest() + "\n"));
  GANTRY_ASSERT_OK_AND_ASSIGN(const Podman podman,
                              Podman::Create(PathOf("podman")));
  ASSERT_THAT(podman.Pull(tagged), IsOk());
  ASSERT_THAT(WriteFileAtomically(PathOf("rootfs/etc/os-release"),
                                  "ID=flatcar\nVERSION_ID=4230.2.0\n"),
              IsOk());
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const SubprocessResult install,
      podman.RunOnRootfs(tagged, PathOf("rootfs"),
                         {absl::StrCat("--kernel_release=", cell.kernel())}));
  ASSERT_EQ(install.exit_code, 0) << install.error_output;

  const std::string libraries = PathOf("rootfs/opt/cuda/current/lib64");
  SubprocessOptions program;
  program.argv = {"tests/e2e/cuda_runtime_program"};
  program.environment = {{"LD_LIBRARY_PATH", libraries}};
  GANTRY_ASSERT_OK_AND_ASSIGN(const SubprocessResult run,
                              RunSubprocess(program));
  EXPECT_EQ(run.output, "no CUDA-capable device is detected\n" + libraries +
                            "/libcudart.so.11.0\n")
      << run.error_output;
}

TEST_F(ContainerLinuxTest, InvalidSignatureFailsOnlyItsRelease) {
  // A valid signature of another file.
  fs::copy_file(
      site_->PathOf(coreos_.PathOf("version.txt.sig")),
      site_->PathOf(coreos_.PathOf(coreos_.container_name() + ".sig")),
      fs::copy_options::overwrite_existing);
  GANTRY_ASSERT_OK_AND_ASSIGN(const MatrixRunner::Result result,
                              RunMatrix(WriteMatrix()));
  EXPECT_EQ(result.exit_code, kSomeCellsFailed) << result.progress;
  EXPECT_THAT(FindCell(result, kFlatcarCell), IsBuilt());
  EXPECT_THAT(FindCell(result, kCoreosCell),
              HasFailed(AllOf(
                  HasSubstr("coreos_developer_container.bin.bz2"),
                  HasSubstr("refused: the file does not match the signature "
                            "by key " +
                            site_->signer().fingerprint()))));
}

TEST_F(ContainerLinuxTest, ContainerWithAnotherDigestFailsItsRelease) {
  // The signature is valid, but the digest in .DIGESTS is not.
  const std::string path = coreos_.PathOf(coreos_.container_name());
  ASSERT_THAT(site_->Write(path, "something else"), IsOk());
  ASSERT_THAT(site_->signer().SignFile(site_->PathOf(path)), IsOk());
  GANTRY_ASSERT_OK_AND_ASSIGN(const MatrixRunner::Result result,
                              RunMatrix(WriteMatrix()));
  EXPECT_EQ(result.exit_code, kSomeCellsFailed) << result.progress;
  EXPECT_THAT(
      FindCell(result, kCoreosCell),
      HasFailed(AllOf(HasSubstr("coreos_developer_container.bin.bz2"),
                      HasSubstr("Checksum was"), HasSubstr("but wanted"))));
}

TEST_F(ContainerLinuxTest, CompileErrorIsReportedAndAPatchFixesIt) {
  constexpr char kBroken[] = "int broken(void) { return undeclared_thing; }";
  PublishDriver(absl::StrCat(kBroken, "\n"));
  GANTRY_ASSERT_OK_AND_ASSIGN(const MatrixRunner::Result broken,
                              RunMatrix(WriteMatrix()));
  EXPECT_EQ(broken.exit_code, kSomeCellsFailed) << broken.progress;
  EXPECT_THAT(
      FindCell(broken, kFlatcarCell),
      HasFailed(AllOf(HasSubstr("hello.c:"), HasSubstr("undeclared_thing"))));
  EXPECT_THAT(ReadFile(PathOf(absl::StrCat("state/logs/", kFlatcarCell,
                                           "/CompileKernelModules.log"))),
              IsOkAndHolds(HasSubstr("undeclared_thing")));

  // The second patch does not apply, but its condition excludes this kernel.
  const TestDriver driver(work_);
  ASSERT_THAT(driver.WritePatch("fix.patch", kBroken, "int fixed;"), IsOk());
  ASSERT_THAT(driver.WritePatch("other.patch", "no such line", ""), IsOk());
  constexpr char kPatches[] = R"(
  patches {
    file: "fix.patch"
    when_header: "include/linux/pci.h"
    matches: "struct pci_dev"
    reason: "the test"
  }
  patches {
    file: "other.patch"
    when_header: "include/linux/pci.h"
    matches: "nobody_declares_this"
    reason: "the test"
  })";
  GANTRY_ASSERT_OK_AND_ASSIGN(const MatrixRunner::Result fixed,
                              RunMatrix(WriteMatrix(kPatches)));
  EXPECT_EQ(fixed.exit_code, 0) << fixed.progress;
  EXPECT_GE(CountActions("CompileKernelModules"), 2);

  // A change of the second patch and of reasons compiles nothing again.
  ASSERT_THAT(driver.WritePatch("other.patch", "nor this one", ""), IsOk());
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const MatrixRunner::Result again,
      RunMatrix(WriteMatrix(
          absl::StrReplaceAll(kPatches, {{"the test", "another wording"}}))));
  EXPECT_EQ(again.exit_code, 0) << again.progress;
  EXPECT_EQ(FindCell(again, kFlatcarCell).digest(),
            FindCell(fixed, kFlatcarCell).digest());
  EXPECT_EQ(CountActions("SelectPatches"), 2);
  EXPECT_EQ(CountActions("CompileKernelModules"), 0);
  EXPECT_EQ(CountActions("ProveModules"), 0);
}

TEST_F(ContainerLinuxTest, MalformedMatrixIsReportedWithItsLine) {
  const std::string matrix = PathOf("bad.textproto");
  ASSERT_THAT(
      WriteFileAtomically(matrix, "operating_systems {\n  famly: 1\n}\n"),
      IsOk());
  GANTRY_ASSERT_OK_AND_ASSIGN(const MatrixRunner::Result result,
                              RunMatrix(matrix));
  EXPECT_EQ(result.exit_code, kError);
  EXPECT_THAT(result.progress, HasSubstr(matrix + ":2:"));
  EXPECT_EQ(result.report.cells_size(), 0);
}

TEST_F(ContainerLinuxTest, UnreachableServiceIsReported) {
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const MatrixRunner::Result result,
      RunMatrix(WriteMatrix(),
                {"--service=127.0.0.1:1", "--registry=127.0.0.1:1/x"}));
  EXPECT_EQ(result.exit_code, kError);
  EXPECT_THAT(result.progress,
              AllOf(HasSubstr("matrix: "), HasSubstr("127.0.0.1:1")));
}

}  // namespace
}  // namespace gantry::e2e
