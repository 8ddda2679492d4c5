// cells_repository reads locks strictly; what it makes of a good one is tested
// in //release/cells.

#include <map>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/file.h"
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
    auto workspace = NestedWorkspace::Create();
    ASSERT_TRUE(workspace.ok()) << workspace.status();
    workspace_ = std::make_unique<NestedWorkspace>(*std::move(workspace));
  }
  static void TearDownTestSuite() { workspace_.reset(); }

  // Fetches @cells with GANTRY_LOCK naming a file of the test's folder.
  static SubprocessResult FetchLock(absl::string_view name) {
    const auto result = workspace_->Fetch(
        kRules, "@cells//:all", {{"GANTRY_LOCK", workspace_->PathOf(name)}});
    EXPECT_TRUE(result.ok()) << result.status();
    return *result;
  }

  static std::unique_ptr<NestedWorkspace> workspace_;
};

std::unique_ptr<NestedWorkspace> CellsRepositoryTest::workspace_;

TEST_F(CellsRepositoryTest, WithoutALockThereAreNoCells) {
  for (const auto& environment :
       {std::map<std::string, std::string>{}, {{"GANTRY_LOCK", ""}}}) {
    const auto result =
        workspace_->Fetch(kRules, "@cells//stages:all", environment);
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result->exit_code, 0) << result->output;
    EXPECT_THAT(*ReadFile(workspace_->Fetched("cells", "repositories.bzl")),
                HasSubstr("    pass\n"));
  }
}

TEST_F(CellsRepositoryTest, MalformedLockNamesFileLineAndColumn) {
  ASSERT_TRUE(
      workspace_->Write("bad.textproto", "release {\n  nam: \"x\"\n}\n").ok());
  const SubprocessResult result = FetchLock("bad.textproto");
  EXPECT_NE(result.exit_code, 0);
  EXPECT_THAT(
      result.output,
      HasSubstr(absl::StrCat(
          workspace_->PathOf("bad.textproto"),
          ":2:6: Message type \"gantry.matrix.v1.LockedRelease\" has no field "
          "named \"nam\".")));
}

TEST_F(CellsRepositoryTest, MissingLockNamesTheRemedy) {
  const SubprocessResult result = FetchLock("missing.textproto");
  EXPECT_NE(result.exit_code, 0);
  EXPECT_THAT(result.output,
              HasSubstr(absl::StrCat("GANTRY_LOCK: there is no file ",
                                     workspace_->PathOf("missing.textproto"))));
}

TEST_F(CellsRepositoryTest, TwoReleasesOfOneRepositoryNameAreRefused) {
  ASSERT_TRUE(workspace_
                  ->Write("clash.textproto",
                          "release { name: \"a+b\" package { url: \"x\" } }\n"
                          "release { name: \"a_b\" package { url: \"x\" } }\n")
                  .ok());
  const SubprocessResult result = FetchLock("clash.textproto");
  EXPECT_NE(result.exit_code, 0);
  EXPECT_THAT(result.output,
              HasSubstr("a+b and a_b would both be repository @container_a_b"));
}

}  // namespace
}  // namespace gantry::rules
