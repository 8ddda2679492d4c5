// CoreOS and Flatcar releases, served on loopback, through the whole chain:
// discovery, developer container, compile, image, proof, publishing.
//
// The images hold Debian's files in the two distributions' layouts, and a small
// module of ours stands where the driver does.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/json.h"
#include "base/subprocess.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "google/protobuf/struct.pb.h"
#include "gtest/gtest.h"
#include "release/publish/oci_layout.h"
#include "tests/e2e/matrix_runner.h"
#include "tests/e2e/podman.h"
#include "tests/e2e/release_site.h"
#include "tests/fixtures/file_server.h"
#include "tests/fixtures/registry.h"

namespace gantry::e2e {
namespace {

namespace fs = std::filesystem;
using ::gantry::matrix::v1::CellReport;
using ::testing::EndsWith;
using ::testing::HasSubstr;

constexpr char kFlatcarCell[] = "flatcar-4230.2.0-1.0-cuda11.8";
constexpr char kCoreosCell[] = "coreos-2023.4.0-1.0-cuda11.8";

// Steps that a second build must really take to show that they are
// reproducible; compiling Gantry's own tools again shows nothing.
constexpr char kNoCache[] =
    "--modify_execution_info=(ReadDeveloperContainer|CompileKernelModules|"
    "FileTree|WriteLayer|WriteImage|ProveModules)=+no-cache";

// The cell of that id; an empty one if there is none.
CellReport FindCell(const matrix::v1::MatrixReport& report,
                    const std::string& id) {
  for (const CellReport& cell : report.cells()) {
    if (cell.id() == id) return cell;
  }
  return CellReport();
}

class ContainerLinuxTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    dir_ = new TempDir(*TempDir::Create(testing::TempDir()));
    runner_ = new MatrixRunner(Path("bazel"), Path("cache"));
    // Or a file of an earlier test would stand in for one that is altered.
    runner_->AddBazelOption("--repository_cache=");
  }
  static void TearDownTestSuite() {
    delete runner_;
    delete dir_;
  }

  void SetUp() override {
    const std::string test =
        testing::UnitTest::GetInstance()->current_test_info()->name();
    work_ = Path(test);
    fs::create_directories(work_ + "/site");
    auto site = ReleaseSite::Create(work_ + "/site");
    ASSERT_TRUE(site.ok()) << site.status();
    site_ = std::make_unique<ReleaseSite>(*std::move(site));
    auto server = fixtures::FileServer::Start(work_ + "/site");
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = std::make_unique<fixtures::FileServer>(*std::move(server));
    flatcar_ = {"flatcar", "stable", "4230.2.0",
                "tests/e2e/flatcar_developer_container.bin.bz2",
                "tests/fixtures/debian_6_1.vmlinuz"};
    coreos_ = {"coreos", "beta", "2023.4.0",
               "tests/e2e/coreos_developer_container.bin.bz2",
               "tests/fixtures/debian_6_1.vmlinuz"};
    PublishDriver("");
  }

  static std::string Path(const std::string& name) {
    return JoinPath(dir_->path(), name);
  }

  // Serves the sources of hello, with `extra` at the end of hello.c.
  void PublishDriver(const std::string& extra) {
    const std::string folder = work_ + "/hello-1.0";
    fs::create_directories(folder);
    for (const char* name :
         {"Kbuild", "hello.c", "hello_core.c", "hello_core.h"}) {
      fs::copy_file(fs::canonical(absl::StrCat("tests/fixtures/hello/", name)),
                    JoinPath(folder, name),
                    fs::copy_options::overwrite_existing);
    }
    std::ofstream(folder + "/hello.c", std::ios::app) << extra;
    const auto tar = RunCommand({"tar", "-C", work_, "-czf",
                                 work_ + "/site/hello.tar.gz", "hello-1.0"});
    ASSERT_TRUE(tar.ok()) << tar.status();
  }

  // A patch of the last line of hello.c.
  void WritePatch(const std::string& name, const std::string& from,
                  const std::string& to) {
    const std::string source = *ReadFile("tests/fixtures/hello/hello.c");
    const auto lines = std::count(source.begin(), source.end(), '\n');
    ASSERT_TRUE(
        WriteFileAtomically(
            JoinPath(work_, name),
            absl::StrCat("--- a/hello.c\n+++ b/hello.c\n@@ -", lines + 1, " +",
                         lines + 1, " @@\n-", from, "\n+", to, "\n"))
            .ok());
  }

  // A matrix of both families, with `patches` in its driver.
  std::string WriteMatrix(const std::string& patches = "") {
    const std::string path = work_ + "/matrix.textproto";
    const std::string text = absl::StrReplaceAll(
        R"(
os {
  family: FAMILY_FLATCAR
  base_url: "@URL@/{channel}"
  keyring: "site/release.asc"
  channel { name: "stable" }
}
os {
  family: FAMILY_COREOS
  base_url: "@URL@/{channel}"
  keyring: "site/release.asc"
  channel { name: "beta" }
}
driver {
  version: "1.0"
  archive { url: "@URL@/hello.tar.gz" digest: "@DIGEST@" }
  @PATCHES@
}
cuda {
  version: "11.8"
  debian { suite: "bookworm" package: "libcudart11.0" }
}
)",
        {{"@URL@", server_->url()},
         {"@PATCHES@", patches},
         {"@DIGEST@", *FileSha256Digest(work_ + "/site/hello.tar.gz")}});
    EXPECT_TRUE(WriteFileAtomically(path, text).ok());
    return path;
  }

  absl::StatusOr<MatrixRunner::Result> RunMatrix(
      MatrixRunner& runner, const std::string& matrix,
      const std::string& state = "state") {
    return runner.Run({absl::StrCat("--matrix=", matrix),
                       absl::StrCat("--state=", work_, "/", state)});
  }

  // Digests of the image's layers, as its manifest in the layout lists them.
  std::vector<std::string> Layers(const std::string& state,
                                  const std::string& digest) {
    const std::string path = absl::StrCat(
        work_, "/", state, "/oci/blobs/sha256/", DigestHex(digest));
    google::protobuf::Struct manifest;
    std::vector<std::string> digests;
    if (!ParseJson(ReadFile(path).value_or("{}"), path, manifest).ok()) {
      return digests;
    }
    for (const auto& layer :
         manifest.fields().at("layers").list_value().values()) {
      digests.push_back(
          layer.struct_value().fields().at("digest").string_value());
    }
    return digests;
  }

  static TempDir* dir_;
  static MatrixRunner* runner_;
  std::string work_;
  std::unique_ptr<ReleaseSite> site_;
  std::unique_ptr<fixtures::FileServer> server_;
  PublishedRelease flatcar_, coreos_;
};

TempDir* ContainerLinuxTest::dir_ = nullptr;
MatrixRunner* ContainerLinuxTest::runner_ = nullptr;

TEST_F(ContainerLinuxTest, BothFamiliesAreBuiltAndASecondRunFindsNothing) {
  ASSERT_TRUE(site_->Publish(flatcar_).ok());
  ASSERT_TRUE(site_->Publish(coreos_).ok());
  const std::string matrix = WriteMatrix();
  const auto first = RunMatrix(*runner_, matrix);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->exit_code, 0) << first->progress;
  const CellReport flatcar = FindCell(first->report, kFlatcarCell);
  const CellReport coreos = FindCell(first->report, kCoreosCell);
  EXPECT_EQ(flatcar.state(), "built") << first->progress;
  EXPECT_EQ(coreos.state(), "built") << first->progress;
  EXPECT_THAT(flatcar.kernel(), EndsWith("-cloud-amd64"));

  // Published under its tag, and the toolkit's layer is one and the same.
  auto layout = publish::OciLayout::Open(work_ + "/state/oci");
  ASSERT_TRUE(layout.ok()) << layout.status();
  EXPECT_EQ(layout->FindTag(kFlatcarCell).value_or(""), flatcar.digest());
  const auto flatcar_layers = Layers("state", flatcar.digest());
  const auto coreos_layers = Layers("state", coreos.digest());
  ASSERT_GE(flatcar_layers.size(), 3u);
  ASSERT_EQ(coreos_layers.size(), flatcar_layers.size());
  EXPECT_EQ(flatcar_layers[0], coreos_layers[0]);  // The installer.
  EXPECT_EQ(flatcar_layers[1], coreos_layers[1]);  // CUDA.
  EXPECT_NE(flatcar_layers.back(), coreos_layers.back());

  const auto second = RunMatrix(*runner_, matrix);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->exit_code, 0) << second->progress;
  EXPECT_EQ(second->progress, "");
  EXPECT_EQ(FindCell(second->report, kFlatcarCell).digest(), flatcar.digest());

  // Elsewhere, from nothing, the same bytes come out.
  MatrixRunner other(Path("elsewhere"), Path("cache"));
  other.AddBazelOption(kNoCache);
  const auto again = RunMatrix(other, matrix, "other_state");
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(FindCell(again->report, kFlatcarCell).digest(), flatcar.digest())
      << again->progress;
  EXPECT_EQ(FindCell(again->report, kCoreosCell).digest(), coreos.digest());
}

// As a node does: the image comes from a registry, and a program finds the real
// CUDA runtime where the image put it.
TEST_F(ContainerLinuxTest, ProgramFindsTheRuntimeOfThePulledImage) {
  ASSERT_TRUE(site_->Publish(flatcar_).ok());
  ASSERT_TRUE(site_->Publish(coreos_).ok());
  for (const char* folder : {"registry", "podman", "rootfs/etc"}) {
    fs::create_directories(JoinPath(work_, folder));
  }
  const auto registry = fixtures::Registry::Start(work_ + "/registry");
  ASSERT_TRUE(registry.ok()) << registry.status();
  const std::string repository = registry->Repository("gantry");
  const auto result =
      runner_->Run({absl::StrCat("--matrix=", WriteMatrix()),
                    absl::StrCat("--state=", work_, "/state"),
                    "--channel=stable", "--registry=" + repository});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->exit_code, 0) << result->progress;
  ASSERT_EQ(result->report.cells_size(), 1) << "only the channel's cells";
  const CellReport cell = FindCell(result->report, kFlatcarCell);
  EXPECT_FALSE(fs::exists(work_ + "/state/oci"));

  // By its tag, and it is the image whose digest was recorded.
  const auto podman = Podman::Create(work_ + "/podman");
  ASSERT_TRUE(podman.ok()) << podman.status();
  const std::string tagged = absl::StrCat(repository, ":", kFlatcarCell);
  const auto digest =
      RunCommand({"skopeo", "inspect", "--tls-verify=false",
                  "--format={{.Digest}}", "docker://" + tagged});
  ASSERT_TRUE(digest.ok()) << digest.status();
  EXPECT_EQ(*digest, cell.digest() + "\n");
  const absl::Status pulled = podman->Pull(tagged);
  ASSERT_TRUE(pulled.ok()) << pulled;
  ASSERT_TRUE(WriteFileAtomically(work_ + "/rootfs/etc/os-release",
                                  "ID=flatcar\nVERSION_ID=4230.2.0\n")
                  .ok());
  const auto run =
      podman->RunOnRootfs(tagged, work_ + "/rootfs",
                          {absl::StrCat("--kernel_release=", cell.kernel())});
  ASSERT_TRUE(run.ok()) << run.status();
  ASSERT_EQ(run->exit_code, 0) << run->error_output;

  const std::string libraries = work_ + "/rootfs/opt/cuda/current/lib64";
  SubprocessOptions program;
  program.argv = {"tests/e2e/cuda_runtime_program"};
  program.environment = {{"LD_LIBRARY_PATH", libraries}};
  const auto said = RunSubprocess(program);
  ASSERT_TRUE(said.ok()) << said.status();
  EXPECT_EQ(said->output, "no CUDA-capable device is detected\n" + libraries +
                              "/libcudart.so.11.0\n")
      << said->error_output;
}

TEST_F(ContainerLinuxTest, BadSignatureStopsItsReleaseOnly) {
  ASSERT_TRUE(site_->Publish(flatcar_).ok());
  ASSERT_TRUE(site_->Publish(coreos_).ok());
  // A good signature, but of another file.
  const std::string container =
      site_->FilePath(coreos_, ReleaseSite::ContainerName(coreos_));
  fs::copy_file(site_->FilePath(coreos_, "version.txt.sig"), container + ".sig",
                fs::copy_options::overwrite_existing);
  const auto result = RunMatrix(*runner_, WriteMatrix());
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->exit_code, 3) << result->progress;
  EXPECT_EQ(FindCell(result->report, kFlatcarCell).state(), "built");
  const CellReport coreos = FindCell(result->report, kCoreosCell);
  EXPECT_EQ(coreos.state(), "failed");
  EXPECT_THAT(coreos.reason(), HasSubstr("coreos_developer_container.bin.bz2"));
  EXPECT_THAT(coreos.reason(), HasSubstr("signature"));
}

TEST_F(ContainerLinuxTest, ImageThatIsNotTheLockedOneStopsItsRelease) {
  ASSERT_TRUE(site_->Publish(flatcar_).ok());
  ASSERT_TRUE(site_->Publish(coreos_).ok());
  // Well signed, but not what .DIGESTS says.
  const std::string container =
      site_->FilePath(coreos_, ReleaseSite::ContainerName(coreos_));
  fs::remove(container);
  std::ofstream(container) << "something else";
  const auto result = RunMatrix(*runner_, WriteMatrix());
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->exit_code, 3) << result->progress;
  const CellReport coreos = FindCell(result->report, kCoreosCell);
  EXPECT_EQ(coreos.state(), "failed");
  EXPECT_THAT(coreos.reason(), HasSubstr("coreos_developer_container.bin.bz2"));
  EXPECT_THAT(coreos.reason(), HasSubstr("Checksum was"));
  EXPECT_THAT(coreos.reason(), HasSubstr("but wanted"));
}

TEST_F(ContainerLinuxTest, FailingCompileFailsWithItsFirstErrorAndLog) {
  ASSERT_TRUE(site_->Publish(flatcar_).ok());
  ASSERT_TRUE(site_->Publish(coreos_).ok());
  PublishDriver("int broken(void) { return undeclared_thing; }\n");
  const auto result = RunMatrix(*runner_, WriteMatrix());
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->exit_code, 3) << result->progress;
  const CellReport flatcar = FindCell(result->report, kFlatcarCell);
  EXPECT_EQ(flatcar.state(), "failed");
  EXPECT_THAT(flatcar.reason(), HasSubstr("hello.c:"));
  EXPECT_THAT(flatcar.reason(), HasSubstr("undeclared_thing"));
  const auto log = ReadFile(absl::StrCat(work_, "/state/logs/", kFlatcarCell,
                                         "/CompileKernelModules.log"));
  ASSERT_TRUE(log.ok()) << log.status();
  EXPECT_THAT(*log, HasSubstr("undeclared_thing"));

  // A patch in the matrix mends it; one that this kernel does not call for
  // could not even be applied.
  WritePatch("mend.patch", "int broken(void) { return undeclared_thing; }",
             "int mended(void) { return 0; }");
  WritePatch("other.patch", "no such line", "nothing");
  const auto mended = RunMatrix(*runner_, WriteMatrix(R"(
  patch {
    file: "mend.patch"
    when_header: "include/linux/pci.h"
    matches: "struct pci_dev"
    reason: "the test"
  }
  patch {
    file: "other.patch"
    when_header: "include/linux/pci.h"
    matches: "nobody_declares_this"
    reason: "the test"
  })"));
  ASSERT_TRUE(mended.ok()) << mended.status();
  EXPECT_EQ(mended->exit_code, 0) << mended->progress;
}

TEST_F(ContainerLinuxTest, MalformedMatrixNamesLineAndColumn) {
  const std::string matrix = work_ + "/bad.textproto";
  ASSERT_TRUE(WriteFileAtomically(matrix, "os {\n  famly: 1\n}\n").ok());
  const auto result = RunMatrix(*runner_, matrix);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->exit_code, 1);
  EXPECT_THAT(result->progress, HasSubstr(absl::StrCat(matrix, ":2:")));
  EXPECT_EQ(result->report.cells_size(), 0);
}

TEST_F(ContainerLinuxTest, UnreachableServiceIsNamed) {
  ASSERT_TRUE(site_->Publish(flatcar_).ok());
  ASSERT_TRUE(site_->Publish(coreos_).ok());
  const auto result = runner_->Run({absl::StrCat("--matrix=", WriteMatrix()),
                                    absl::StrCat("--state=", work_, "/state"),
                                    "--service=127.0.0.1:1"});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->exit_code, 1);
  EXPECT_THAT(result->progress, HasSubstr("matrix: "));
  EXPECT_THAT(result->progress, HasSubstr("127.0.0.1:1"));
}

}  // namespace
}  // namespace gantry::e2e
