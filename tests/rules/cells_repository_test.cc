// Tests how cells_repository handles missing and invalid locks.  The tests in
// //release/cells cover valid ones.

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/file.h"
#include "base/status_matchers.h"
#include "base/subprocess.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/rules/nested_workspace.h"

namespace gantry::rules {
namespace {

using ::testing::HasSubstr;

constexpr absl::string_view kRules =
    "load(\"//release/cells:repository.bzl\", \"cells_repository\")\n"
    "cells_repository(name = \"cells\")\n";

class CellsRepositoryTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    GANTRY_ASSERT_OK_AND_ASSIGN(NestedWorkspace workspace,
                                NestedWorkspace::Create());
    workspace_ = std::make_unique<NestedWorkspace>(std::move(workspace));
  }
  static void TearDownTestSuite() { workspace_.reset(); }

  // Fetches @cells with GANTRY_LOCK set to a file in the test's directory.
  static SubprocessResult FetchLock(absl::string_view name) {
    const auto result = workspace_->Fetch(
        kRules, "@cells//:all", {{"GANTRY_LOCK", workspace_->PathOf(name)}});
    EXPECT_THAT(result, IsOk());
    return result.value_or(SubprocessResult());
  }

  static std::unique_ptr<NestedWorkspace> workspace_;
};

std::unique_ptr<NestedWorkspace> CellsRepositoryTest::workspace_;

TEST_F(CellsRepositoryTest, WithoutALockTheRepositoryIsEmpty) {
  for (const auto& environment :
       {std::map<std::string, std::string>{}, {{"GANTRY_LOCK", ""}}}) {
    GANTRY_ASSERT_OK_AND_ASSIGN(
        const SubprocessResult result,
        workspace_->Fetch(kRules, "@cells//stages:all", environment));
    EXPECT_EQ(result.exit_code, 0) << result.output;
    EXPECT_THAT(ReadFile(workspace_->Fetched("cells", "repositories.bzl")),
                IsOkAndHolds(HasSubstr("    pass\n")));
  }
}

TEST_F(CellsRepositoryTest, MalformedLockNamesFileLineAndColumn) {
  ASSERT_THAT(
      workspace_->Write("bad.textproto", "releases {\n  nam: \"x\"\n}\n"),
      IsOk());
  const SubprocessResult result = FetchLock("bad.textproto");
  EXPECT_NE(result.exit_code, 0);
  EXPECT_THAT(
      result.output,
      HasSubstr(absl::StrCat(
          workspace_->PathOf("bad.textproto"),
          ":2:6: Message type \"gantry.matrix.v1.LockedRelease\" has no field "
          "named \"nam\".")));
}

TEST_F(CellsRepositoryTest, MissingLockIsNamed) {
  const SubprocessResult result = FetchLock("missing.textproto");
  EXPECT_NE(result.exit_code, 0);
  EXPECT_THAT(result.output,
              HasSubstr(absl::StrCat("GANTRY_LOCK: file not found: ",
                                     workspace_->PathOf("missing.textproto"))));
}

TEST_F(CellsRepositoryTest, ReleasesWithTheSameRepositoryNameAreRefused) {
  ASSERT_THAT(
      workspace_->Write("clash.textproto",
                        "releases { name: \"a+b\" packages { url: \"x\" } }\n"
                        "releases { name: \"a_b\" packages { url: \"x\" } }\n"),
      IsOk());
  const SubprocessResult result = FetchLock("clash.textproto");
  EXPECT_NE(result.exit_code, 0);
  EXPECT_THAT(
      result.output,
      HasSubstr("a+b and a_b have the same repository name @container_a_b"));
}

}  // namespace
}  // namespace gantry::rules
