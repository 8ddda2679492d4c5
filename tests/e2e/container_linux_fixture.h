#ifndef GANTRY_TESTS_E2E_CONTAINER_LINUX_FIXTURE_H_
#define GANTRY_TESTS_E2E_CONTAINER_LINUX_FIXTURE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/temp_dir.h"
#include "gtest/gtest.h"
#include "proto/matrix_report.pb.h"
#include "tests/e2e/matrix_runner.h"
#include "tests/fixtures/fake_release_site.h"

namespace gantry::e2e {

// A Bazel option with which the actions of stages are executed again, to show
// that they are reproducible.  Results of all others may come from the cache.
inline constexpr char kNoCache[] =
    "--modify_execution_info=(ReadDeveloperContainer|SelectPatches|"
    "CompileKernelModules|FileTree|WriteLayer|WriteImage|ProveModules)="
    "+no-cache";

// A site with one release each of CoreOS and Flatcar, and a main job that
// builds payloads for them.  All tests share one Bazel server.
class ContainerLinuxTest : public testing::Test {
 protected:
  static void SetUpTestSuite();
  static void TearDownTestSuite();
  void SetUp() override;

  // A path in the directory that all tests share.
  static std::string PathInSuite(absl::string_view name);

  // The disk cache of all tests of this room, for what Bazel compiles in each.
  static std::string DiskCache();

  // A path in this test's directory.
  std::string PathOf(absl::string_view name) const;

  // Publishes the driver's sources, with `last_line` at the end of hello.c.
  void PublishDriver(absl::string_view last_line);

  // Writes a matrix of both families, in which the driver has these patches.
  // Returns its path.
  std::string WriteMatrix(const std::string& patches = "") const;

  // Runs the main job with the matrix, the state directory PathOf("state"), and
  // further flags.
  absl::StatusOr<MatrixRunner::Result> RunMatrix(
      const std::string& matrix, const std::vector<std::string>& flags = {});

  // How often the last run executed actions with this mnemonic, or took their
  // results from the disk cache.  Others were up to date.
  static int CountActions(absl::string_view mnemonic);

  // Digests of an image's layers, as its manifest in the OCI layout lists them.
  absl::StatusOr<std::vector<std::string>> LayersOf(
      const matrix::v1::CellReport& cell) const;

  const fixtures::FakeRelease flatcar_ = {
      "flatcar", "stable", "4230.2.0",
      "tests/e2e/flatcar_developer_container.bin.bz2",
      "tests/fixtures/debian_6_1.vmlinuz"};
  const fixtures::FakeRelease coreos_ = {
      "coreos", "beta", "2023.4.0",
      "tests/e2e/coreos_developer_container.bin.bz2",
      "tests/fixtures/debian_6_1.vmlinuz"};
  std::unique_ptr<fixtures::FakeReleaseSite> site_;
  // This test's directory.
  std::string work_;

 private:
  static TempDir* suite_directory_;
  static MatrixRunner* runner_;
};

// Returns the cell with this id, or an empty one.
matrix::v1::CellReport FindCell(const MatrixRunner::Result& result,
                                absl::string_view id);

}  // namespace gantry::e2e

#endif  // GANTRY_TESTS_E2E_CONTAINER_LINUX_FIXTURE_H_
