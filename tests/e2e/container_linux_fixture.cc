#include "tests/e2e/container_linux_fixture.h"

#include <cstdlib>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/json.h"
#include "base/status_macros.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "google/protobuf/struct.pb.h"
#include "tests/e2e/test_driver.h"

namespace gantry::e2e {
namespace {

namespace fs = std::filesystem;

// %URL% stands for the URL of the site, %DIGEST% for the driver archive's
// digest, and %PATCHES% for the driver's patches.
constexpr char kMatrix[] = R"(
operating_systems {
  family: FAMILY_FLATCAR
  base_url: "%URL%/{channel}"
  keyring: "release.asc"
  channels { name: "stable" }
}
operating_systems {
  family: FAMILY_COREOS
  base_url: "%URL%/{channel}"
  keyring: "release.asc"
  channels { name: "beta" }
}
drivers {
  version: "1.0"
  archive { url: "%URL%/hello.tar.gz" digest: "%DIGEST%" }
  %PATCHES%
}
cuda_toolkits {
  version: "11.8"
  debian { suite: "bookworm" packages: "libcudart11.0" }
}
)";

}  // namespace

TempDir* ContainerLinuxTest::suite_directory_ = nullptr;
MatrixRunner* ContainerLinuxTest::runner_ = nullptr;

void ContainerLinuxTest::SetUpTestSuite() {
  GANTRY_ASSERT_OK_AND_ASSIGN(TempDir directory,
                              TempDir::Create(testing::TempDir()));
  suite_directory_ = new TempDir(std::move(directory));
  runner_ = new MatrixRunner(PathInSuite("bazel"), DiskCache());
  // Otherwise the cached file of an earlier test would hide an altered one.
  runner_->AddBazelOption("--repository_cache=");
  runner_->AddBazelOption(
      absl::StrCat("--execution_log_json_file=", PathInSuite("actions.json")));
}

void ContainerLinuxTest::TearDownTestSuite() {
  delete runner_;
  delete suite_directory_;
}

void ContainerLinuxTest::SetUp() {
  work_ = PathInSuite(
      testing::UnitTest::GetInstance()->current_test_info()->name());
  fs::create_directories(PathOf("site"));
  GANTRY_ASSERT_OK_AND_ASSIGN(
      fixtures::FakeReleaseSite site,
      fixtures::FakeReleaseSite::Create(PathOf("site")));
  site_ = std::make_unique<fixtures::FakeReleaseSite>(std::move(site));
  ASSERT_THAT(site_->Publish(flatcar_), IsOk());
  ASSERT_THAT(site_->Publish(coreos_), IsOk());
  fs::copy_file(site_->signer().public_key_path(), PathOf("release.asc"));
  PublishDriver("");
}

std::string ContainerLinuxTest::PathInSuite(absl::string_view name) {
  return JoinPath(suite_directory_->path(), name);
}

std::string ContainerLinuxTest::DiskCache() {
  if (const char* cache = std::getenv("GANTRY_TEST_DISK_CACHE")) return cache;
  // Directories of other tests are beside that of this one.
  return (fs::path(testing::TempDir()) / "../e2e_disk_cache")
      .lexically_normal();
}

std::string ContainerLinuxTest::PathOf(absl::string_view name) const {
  return JoinPath(work_, name);
}

void ContainerLinuxTest::PublishDriver(absl::string_view last_line) {
  ASSERT_THAT(TestDriver(work_).Pack(last_line, site_->PathOf("hello.tar.gz")),
              IsOk());
}

std::string ContainerLinuxTest::WriteMatrix(const std::string& patches) const {
  const std::string path = PathOf("matrix.textproto");
  const auto digest = FileSha256Digest(site_->PathOf("hello.tar.gz"));
  EXPECT_THAT(digest, IsOk());
  const std::string text =
      absl::StrReplaceAll(kMatrix, {{"%URL%", site_->url()},
                                    {"%PATCHES%", patches},
                                    {"%DIGEST%", digest.value_or("")}});
  EXPECT_THAT(WriteFileAtomically(path, text), IsOk());
  return path;
}

absl::StatusOr<MatrixRunner::Result> ContainerLinuxTest::RunMatrix(
    const std::string& matrix, const std::vector<std::string>& flags) {
  std::vector<std::string> arguments = {
      "--matrix=" + matrix, absl::StrCat("--state=", PathOf("state"))};
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  return runner_->Run(arguments);
}

int ContainerLinuxTest::CountActions(absl::string_view mnemonic) {
  const auto log = ReadFile(PathInSuite("actions.json"));
  EXPECT_THAT(log, IsOk());
  const std::string field = absl::StrCat("\"mnemonic\": \"", mnemonic, "\"");
  const std::vector<absl::string_view> pieces =
      absl::StrSplit(log.value_or(""), field);
  return static_cast<int>(pieces.size()) - 1;
}

absl::StatusOr<std::vector<std::string>> ContainerLinuxTest::LayersOf(
    const matrix::v1::CellReport& cell) const {
  const std::string path =
      PathOf(absl::StrCat("state/oci/blobs/sha256/", DigestHex(cell.digest())));
  GANTRY_ASSIGN_OR_RETURN(const std::string json, ReadFile(path));
  google::protobuf::Struct manifest;
  GANTRY_RETURN_IF_ERROR(ParseJson(json, path, manifest));
  std::vector<std::string> digests;
  for (const auto& layer :
       manifest.fields().at("layers").list_value().values()) {
    digests.push_back(
        layer.struct_value().fields().at("digest").string_value());
  }
  return digests;
}

matrix::v1::CellReport FindCell(const MatrixRunner::Result& result,
                                absl::string_view id) {
  for (const matrix::v1::CellReport& cell : result.report.cells()) {
    if (cell.id() == id) return cell;
  }
  return matrix::v1::CellReport();
}

}  // namespace gantry::e2e
