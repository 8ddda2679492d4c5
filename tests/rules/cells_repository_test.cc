// Tests the repositories of cells: that a lock as discovery writes it becomes
// targets, and that one which cannot be used disturbs only commands that need
// cells.  The tests in //release/cells cover the generated files.

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/file.h"
#include "base/state_dir.h"
#include "base/status_matchers.h"
#include "base/subprocess.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/lock.pb.h"
#include "release/plan/lock_file.h"
#include "release/plan/lock_format.h"
#include "tests/rules/nested_workspace.h"

namespace gantry::rules {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr absl::string_view kRules = R"(
load("//release/cells:repository.bzl", "cell_downloads", "cells_repository")
cells_repository(name = "cells")
cell_downloads(name = "cell_downloads")
load("@cell_downloads//:repositories.bzl", "cell_repositories")
cell_repositories()
)";

constexpr char kRunDiscovery[] =
    "; run discovery again (bazel run //release:discover)";

class CellsRepositoryTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    GANTRY_ASSERT_OK_AND_ASSIGN(NestedWorkspace workspace,
                                NestedWorkspace::Create());
    workspace_ = std::make_unique<NestedWorkspace>(std::move(workspace));
  }
  static void TearDownTestSuite() { workspace_.reset(); }

  // Fetches a repository with GANTRY_LOCK set to a file in the test's
  // directory.
  static SubprocessResult Fetch(absl::string_view pattern,
                                absl::string_view lock) {
    const auto result = workspace_->Fetch(
        kRules, pattern, {{"GANTRY_LOCK", workspace_->PathOf(lock)}});
    EXPECT_THAT(result, IsOk());
    return result.value_or(SubprocessResult());
  }

  // Expects that the lock disturbs only commands that name a target of @cells,
  // whose output then has this problem and what to do.
  static void ExpectUnusable(absl::string_view lock,
                             const std::string& problem) {
    const SubprocessResult unrelated = Fetch("//builder:all", lock);
    EXPECT_EQ(unrelated.exit_code, 0) << unrelated.output;
    EXPECT_THAT(unrelated.output, Not(HasSubstr("GANTRY_LOCK")));
    EXPECT_THAT(
        ReadFile(workspace_->Fetched("cell_downloads", "repositories.bzl")),
        IsOkAndHolds(HasSubstr("    pass\n")));
    for (const char* pattern : {"@cells//...", "@cells//some_cell:cell"}) {
      const SubprocessResult result = Fetch(pattern, lock);
      EXPECT_NE(result.exit_code, 0);
      EXPECT_THAT(result.output, HasSubstr(absl::StrCat(
                                     "GANTRY_LOCK: ", workspace_->PathOf(lock),
                                     ": ", problem, kRunDiscovery)));
    }
  }

  static std::unique_ptr<NestedWorkspace> workspace_;
};

std::unique_ptr<NestedWorkspace> CellsRepositoryTest::workspace_;

TEST_F(CellsRepositoryTest, WithoutALockTheRepositoryIsEmpty) {
  for (const auto& environment :
       {std::map<std::string, std::string>{}, {{"GANTRY_LOCK", ""}}}) {
    GANTRY_ASSERT_OK_AND_ASSIGN(
        const SubprocessResult result,
        workspace_->Fetch(kRules, "@cells//...", environment));
    EXPECT_EQ(result.exit_code, 0) << result.output;
    EXPECT_THAT(
        ReadFile(workspace_->Fetched("cell_downloads", "repositories.bzl")),
        IsOkAndHolds(HasSubstr("    pass\n")));
  }
}

TEST_F(CellsRepositoryTest, QueryShowsTheCellsOfTheLockThatDiscoveryWrote) {
  GANTRY_ASSERT_OK_AND_ASSIGN(
      matrix::v1::Lock lock,
      plan::ReadLock("release/cells/testdata/lock.json"));
  // The JSON of protobuf has the second character as an escape.
  constexpr char kReason[] = "gr\xc3\xbc\xc3\x9f\xe2\x80\x8b \"x\"";
  constexpr char kPatch[] = "--- a/x\n+++ b/x\n+\xfc\xc3\xbc\\n\n";
  auto& patch = *lock.mutable_drivers(0)->mutable_patches(0);
  patch.set_reason(kReason);
  patch.set_content(kPatch);
  GANTRY_ASSERT_OK_AND_ASSIGN(const StateDir state,
                              StateDir::Open(workspace_->PathOf("state")));
  ASSERT_THAT(plan::WriteLock(lock, state), IsOk());

  GANTRY_ASSERT_OK_AND_ASSIGN(
      const SubprocessResult result,
      workspace_->Run(kRules, {absl::StrCat("--bazelrc=", state.bazelrc_path()),
                               "query", "kind(payload_cell, @cells//...)"}));
  EXPECT_EQ(result.exit_code, 0) << result.output;
  for (const auto& cell : lock.cells()) {
    const auto has_cell =
        HasSubstr(absl::StrCat("@cells//", cell.id(), ":cell\n"));
    if (cell.exclusion_reason().empty()) {
      EXPECT_THAT(result.output, has_cell);
    } else {
      EXPECT_THAT(result.output, Not(has_cell));
    }
  }
  EXPECT_THAT(ReadFile(workspace_->Fetched("cells", "stages/BUILD.bazel")),
              IsOkAndHolds(HasSubstr("\"gr\xc3\xbc\xc3\x9f\xe2\x80\x8b "
                                     "\\\"x\\\"\"")));
  EXPECT_THAT(ReadFile(workspace_->Fetched(
                  "cells", "stages/patches/535.261.03/1.patch")),
              IsOkAndHolds(kPatch));
}

TEST_F(CellsRepositoryTest, LockOfAnotherSchemaDisturbsOnlyCells) {
  ASSERT_THAT(workspace_->Write("new.json",
                                "{\"schema\": 99, \"lock\": {\"cells\": 7}}"),
              IsOk());
  ExpectUnusable("new.json",
                 "has schema 99, but this version of Gantry reads only schema "
                 "1");
  ASSERT_THAT(workspace_->Write("array.json", "[{\"schema\": 1}]"), IsOk());
  ExpectUnusable("array.json",
                 "has schema None, but this version of Gantry reads only "
                 "schema 1");
}

TEST_F(CellsRepositoryTest, MalformedLockDisturbsOnlyCells) {
  ASSERT_THAT(workspace_->Write("bad.json", "{\n  \"schema\": 1,\n"), IsOk());
  ExpectUnusable("bad.json",
                 "not JSON: json.decoder.JSONDecodeError: Expecting property "
                 "name enclosed in double quotes: line 3 column 1 (char 17)");
  // As earlier versions wrote it.
  ASSERT_THAT(workspace_->Write("lock.textproto", "matrix_digest: \"\"\n"),
              IsOk());
  ExpectUnusable("lock.textproto",
                 "not JSON: json.decoder.JSONDecodeError: Expecting value: "
                 "line 1 column 1 (char 0)");
}

TEST_F(CellsRepositoryTest, MissingLockDisturbsOnlyCells) {
  ExpectUnusable("missing.json", "file not found");
}

TEST_F(CellsRepositoryTest, ReleasesWithTheSameRepositoryNameAreRefused) {
  ASSERT_THAT(
      workspace_->Write("clash.json",
                        R"({"schema": 1, "lock": {"releases": [)"
                        R"({"name": "a+b", "packages": [{"url": "x"}]},)"
                        R"({"name": "a_b", "packages": [{"url": "x"}]}]}})"),
      IsOk());
  ExpectUnusable("clash.json",
                 "a+b and a_b have the same repository name @container_a_b; "
                 "exclude one of them in the matrix");
}

}  // namespace
}  // namespace gantry::rules
