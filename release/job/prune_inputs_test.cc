#include "release/job/prune_inputs.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/proto_time.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/cell.pb.h"
#include "proto/fragment.pb.h"
#include "proto/lock.pb.h"
#include "proto/recipe.pb.h"
#include "release/job/publish_fixture.h"
#include "release/job/retention.h"
#include "release/plan/fragments.h"
#include "release/publish/input_store.h"
#include "tests/fixtures/test_cells.h"

namespace gantry::job {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// A store with an input for each of three drivers, whose fragments the service
// has, and one of none.
class PruneInputsTest : public PublishTest {
 protected:
  void SetUp() override {
    for (const char* content : {"a", "b", "c"}) {
      matrix::v1::LockedDriver driver;
      driver.set_version(std::string("1.") + content);
      driver.mutable_source()->set_url(std::string("http://x/") + content);
      driver.mutable_source()->set_digest(Put(content));
      fragments_.push_back(plan::FragmentOf(driver));
    }
    Put("other");
    ASSERT_THAT(client_->PutFragments(fragments_), IsOk());
  }

  std::string Put(const std::string& content) {
    const std::string path = PathOf("input");
    EXPECT_THAT(WriteFileAtomically(path, content), IsOk());
    EXPECT_THAT(store_.Put(Sha256Digest(content), path), IsOk());
    return Sha256Digest(content);
  }

  release::v1::Recipe RecipeWith(int fragment) const {
    release::v1::Recipe recipe;
    *recipe.add_fragments() = fragments_[fragment].reference();
    return recipe;
  }

  // A built cell with a revision of one recipe, and another wanted one.
  CellRevisions MakeCell(int revision_fragment, int wanted_fragment) const {
    CellRevisions cell;
    cell.cell.set_id(fixtures::TestId(1));
    cell.cell.set_state(release::v1::CELL_STATE_BUILT);
    *cell.cell.mutable_wanted_recipe() = RecipeWith(wanted_fragment);
    auto& revision = cell.revisions.emplace_back();
    revision.set_number(1);
    *revision.add_recipes() = RecipeWith(revision_fragment);
    return cell;
  }

  absl::StatusOr<std::vector<std::string>> Run(const CellRevisions& cell) {
    return PruneInputs(*client_, {cell}, store_, options_);
  }

  const publish::InputStore store_{PathOf("inputs")};
  std::vector<release::v1::Fragment> fragments_;
  PruneInputsOptions options_ = {absl::Now() + absl::Hours(1), false};
};

TEST_F(PruneInputsTest, InputsOfKeptRevisionsAndWantedRecipesStay) {
  EXPECT_THAT(Run(MakeCell(0, 1)),
              IsOkAndHolds(UnorderedElementsAre(Sha256Digest("c"),
                                                Sha256Digest("other"))));
  EXPECT_THAT(store_.Has(Sha256Digest("a")), IsOkAndHolds(true));
  EXPECT_THAT(store_.Has(Sha256Digest("b")), IsOkAndHolds(true));
  EXPECT_THAT(store_.Has(Sha256Digest("c")), IsOkAndHolds(false));
  EXPECT_THAT(store_.Has(Sha256Digest("other")), IsOkAndHolds(false));
}

TEST_F(PruneInputsTest, PrunedRevisionsAndRetiredCellsNeedNone) {
  CellRevisions cell = MakeCell(0, 1);
  cell.cell.set_state(release::v1::CELL_STATE_RETIRED);
  *cell.revisions[0].mutable_prune_time() = ToTimestamp(absl::Now());
  EXPECT_THAT(Run(cell), IsOkAndHolds(UnorderedElementsAre(
                             Sha256Digest("a"), Sha256Digest("b"),
                             Sha256Digest("c"), Sha256Digest("other"))));
}

TEST_F(PruneInputsTest, RecentInputsStay) {
  options_.before = absl::Now() - absl::Hours(1);
  EXPECT_THAT(Run(MakeCell(0, 1)), IsOkAndHolds(IsEmpty()));
}

TEST_F(PruneInputsTest, DryRunRemovesNothing) {
  options_.dry_run = true;
  EXPECT_THAT(Run(MakeCell(0, 1)),
              IsOkAndHolds(UnorderedElementsAre(Sha256Digest("c"),
                                                Sha256Digest("other"))));
  EXPECT_THAT(store_.Has(Sha256Digest("c")), IsOkAndHolds(true));
}

TEST_F(PruneInputsTest, RevisionWithoutARecipeKeepsEverything) {
  CellRevisions cell = MakeCell(0, 1);
  cell.revisions[0].clear_recipes();
  EXPECT_THAT(Run(cell), StatusIs(absl::StatusCode::kFailedPrecondition,
                                  HasSubstr("what revision 1 of ")));
  EXPECT_THAT(store_.Has(Sha256Digest("other")), IsOkAndHolds(true));
}

}  // namespace
}  // namespace gantry::job
