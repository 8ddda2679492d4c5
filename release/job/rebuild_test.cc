#include "release/job/rebuild.h"

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/progress.h"
#include "base/stage_epochs.h"
#include "base/state_dir.h"
#include "base/status_macros.h"
#include "base/status_matchers.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/cell.pb.h"
#include "proto/image_descriptor.pb.h"
#include "proto/lock.pb.h"
#include "proto/rebuild_report.pb.h"
#include "proto/recipe.pb.h"
#include "proto/revision.pb.h"
#include "release/job/build_cells.h"
#include "release/job/fake_bazel.h"
#include "release/job/fake_cell.h"
#include "release/job/matrix_job.h"
#include "release/plan/lock_file.h"
#include "release/plan/matrix_digest.h"
#include "release/publish/input_store.h"
#include "release/service/connection/connection.h"
#include "tests/fixtures/test_cells.h"

namespace gantry::job {
namespace {

using ::gantry::payload::v1::ImageDescriptor;
using ::gantry::release::v1::Cell;
using ::gantry::release::v1::RebuildReport;
using ::gantry::release::v1::Recipe;
using ::gantry::release::v1::Revision;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// A recipe of this checkout's stages; the digest is not that of the message.
Recipe RecipeWithDigest(const std::string& digest) {
  Recipe recipe;
  recipe.set_digest(digest);
  for (const StageEpoch& known : kStageEpochs) {
    auto& stage = *recipe.add_epochs();
    stage.set_stage(known.stage);
    stage.set_epoch(known.epoch);
  }
  return recipe;
}

Revision RevisionOf(const std::vector<Recipe>& recipes) {
  Revision revision;
  revision.set_cell_id("x");
  revision.set_number(7);
  for (const Recipe& recipe : recipes) {
    revision.add_recipe_digests(recipe.digest());
    *revision.add_recipes() = recipe;
  }
  return revision;
}

TEST(BuildableRecipeTest, IsTheNewestOfThisCheckoutsStages) {
  Recipe newest = RecipeWithDigest("3");
  newest.mutable_epochs(0)->set_epoch(99);
  const auto recipe = BuildableRecipe(
      Cell(),
      RevisionOf({RecipeWithDigest("1"), RecipeWithDigest("2"), newest}));
  ASSERT_THAT(recipe, IsOk());
  EXPECT_EQ(recipe->digest(), "2");
}

TEST(BuildableRecipeTest, OtherEpochsAreNamed) {
  Recipe other = RecipeWithDigest("1");
  const std::string changed = other.epochs(0).stage();
  const int here = other.epochs(0).epoch();
  other.mutable_epochs(0)->set_epoch(99);
  const std::string missing = other.epochs(1).stage();
  other.mutable_epochs()->DeleteSubrange(1, 1);
  EXPECT_THAT(
      BuildableRecipe(Cell(), RevisionOf({other})),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               AllOf(HasSubstr("revision 7 of x"),
                     HasSubstr(absl::StrCat(changed, " 99 (here ", here, ")")),
                     HasSubstr(missing + " 0 (here "))));
}

TEST(BuildableRecipeTest, WantedRecipeStandsInForOneThatIsNotRecorded) {
  Revision revision;
  revision.add_recipe_digests("1");
  Cell cell;
  *cell.mutable_wanted_recipe() = RecipeWithDigest("1");
  const auto recipe = BuildableRecipe(cell, revision);
  ASSERT_THAT(recipe, IsOk());
  EXPECT_EQ(recipe->digest(), "1");

  *cell.mutable_wanted_recipe() = RecipeWithDigest("2");
  EXPECT_THAT(BuildableRecipe(cell, revision),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("has no recipe of it")));
}

// A state directory in which cell 1 is recorded as a fake Bazel built it.
class RebuildTest : public testing::Test {
 protected:
  RebuildTest()
      : directory_(*TempDir::Create(testing::TempDir())),
        state_(*StateDir::Open(PathOf("state"))),
        bazel_(directory_.path()) {}

  void SetUp() override {
    MatrixOptions options;
    options.planning.matrix_path = PathOf("matrix.textproto");
    ASSERT_THAT(WriteFileAtomically(options.planning.matrix_path, "# None.\n"),
                IsOk());
    options.state = state_.path();
    options.work.workspace = directory_.path();
    options.work.bazel = bazel_.command();
    options_ = options.work;
    matrix::v1::Lock lock;
    lock.set_matrix_digest(*plan::MatrixDigest(options.planning.matrix_path));
    AddTestCell(1, lock);
    auto& source = *lock.mutable_drivers(0)->mutable_source();
    source.set_url("http://x/source.tar.gz");
    source.set_digest(Sha256Digest("source"));
    ASSERT_THAT(plan::WriteLock(lock, state_), IsOk());
    recorded_ = BuildsTestCell(directory_.path(), 1, bazel_);
    Progress progress(stderr);
    const auto result = RunMatrixJob(options, progress);
    ASSERT_THAT(result, IsOk());
    ASSERT_EQ(result->cells[0].state(), release::v1::CELL_STATE_BUILT);
  }

  std::string PathOf(const std::string& name) const {
    return JoinPath(directory_.path(), name);
  }

  absl::StatusOr<RebuildReport> Run(int32_t number = 0, int cell = 1) {
    GANTRY_ASSIGN_OR_RETURN(
        const service::Connection connection,
        service::Connection::ToReadOnlyDatabase(state_.database_path()));
    Progress progress(stderr);
    return Rebuild(options_, state_, connection.client(),
                   fixtures::TestId(cell), number, progress);
  }

  const TempDir directory_;
  const StateDir state_;
  FakeBazel bazel_;
  BuildOptions options_;
  ImageDescriptor recorded_;
};

TEST_F(RebuildTest, SameContentIsEqual) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const RebuildReport report, Run());
  EXPECT_TRUE(report.equal());
  EXPECT_EQ(report.revision(), 1);
  EXPECT_EQ(report.content_digest(), recorded_.content_digest());
  EXPECT_EQ(report.image_digest(), recorded_.manifest().digest());
  EXPECT_EQ(FormatRebuild(report),
            absl::StrCat("revision 1 of ", fixtures::TestId(1),
                         ": equal content\n  content ",
                         recorded_.content_digest(), ", equal\n  image   ",
                         recorded_.manifest().digest(), ", equal\n"));
  // By number, too.
  EXPECT_THAT(Run(1), IsOk());
}

TEST_F(RebuildTest, OtherContentIsReportedAndNotRecorded) {
  FakeCellOptions other;
  other.content = "other";
  const ImageDescriptor image =
      BuildsTestCell(directory_.path(), 1, bazel_, other);
  GANTRY_ASSERT_OK_AND_ASSIGN(const RebuildReport report, Run());
  EXPECT_FALSE(report.equal());
  EXPECT_EQ(report.recorded_content_digest(), recorded_.content_digest());
  EXPECT_EQ(report.content_digest(), image.content_digest());
  EXPECT_THAT(FormatRebuild(report),
              AllOf(HasSubstr("different content"),
                    HasSubstr("  content " + recorded_.content_digest() +
                              ", built now: " + image.content_digest())));
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const service::Connection connection,
      service::Connection::ToReadOnlyDatabase(state_.database_path()));
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const auto list, connection.client().ListRevisions(fixtures::TestId(1)));
  EXPECT_THAT(list.revisions(), SizeIs(1));
}

TEST_F(RebuildTest, FailedBuildIsAbortedWithTheReason) {
  bazel_.Fails(TestLabel(1), "CompileKernelModules", "x.c:1:2: error: no\n");
  EXPECT_THAT(Run(),
              StatusIs(absl::StatusCode::kAborted,
                       AllOf(HasSubstr("x.c:1:2: error: no"),
                             HasSubstr("/logs/rebuild/CompileKernelModules"))));
}

TEST_F(RebuildTest, UnknownCellsAndRevisionsAreNotFound) {
  EXPECT_THAT(Run(0, 2), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Run(2), StatusIs(absl::StatusCode::kNotFound,
                               HasSubstr("has no revision 2")));
}

TEST_F(RebuildTest, BazelReadsTheInputStoreAndInputsAreKept) {
  options_.inputs = PathOf("inputs");
  FakeCellOptions options;
  options.input = PathOf("source.tar.gz");
  ASSERT_THAT(WriteFileAtomically(options.input, "source"), IsOk());
  BuildsTestCell(directory_.path(), 1, bazel_, options);
  bazel_.RunsFirst("echo \"$@\" >\"$0.arguments\"\n");
  GANTRY_ASSERT_OK_AND_ASSIGN(const RebuildReport report, Run());
  EXPECT_TRUE(report.equal());
  EXPECT_THAT(ReadFile(PathOf("bazel.arguments")),
              IsOkAndHolds(AllOf(
                  HasSubstr("--repo_env=GANTRY_INPUTS=" + options_.inputs),
                  HasSubstr("+inputs"))));
  EXPECT_THAT(publish::InputStore(options_.inputs).Has(Sha256Digest("source")),
              IsOkAndHolds(true));
}

}  // namespace
}  // namespace gantry::job
