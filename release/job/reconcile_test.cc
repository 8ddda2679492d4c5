#include "release/job/reconcile.h"

#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "base/cell_name.h"
#include "base/progress.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/cell.pb.h"
#include "proto/publish_report.pb.h"
#include "release/job/publish_fixture.h"
#include "release/publish/oci_layout.h"
#include "release/publish/publisher.h"
#include "tests/fixtures/test_cells.h"

namespace gantry::job {
namespace {

using ::gantry::fixtures::TestCoordinates;
using ::gantry::fixtures::TestId;
using ::gantry::release::v1::Cell;
using ::gantry::release::v1::PublishReport;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Cell 1 has two revisions, whose images are in a layout.
class ReconcileTest : public PublishTest {
 protected:
  void SetUp() override {
    Plan(1);
    first_ = Record(1, "first");
    second_ = Record(1, "second");
  }

  absl::StatusOr<PublishReport> Run(
      const publish::Destination& destination,
      const std::vector<std::string>& sources = {}) {
    Progress progress(stderr);
    return Reconcile(*client_, destination, sources, progress);
  }

  void Lose(const std::string& digest) {
    GANTRY_ASSERT_OK_AND_ASSIGN(
        const publish::OciLayout layout,
        publish::OciLayout::Open(layout_.layout_directory));
    std::filesystem::remove(layout.BlobPath(digest));
  }

  void CheckTags(const publish::Destination& destination) {
    EXPECT_THAT(publish::FindTag(tag_, destination), IsOkAndHolds(second_));
    EXPECT_THAT(publish::FindTag(tag_ + "-r1", destination),
                IsOkAndHolds(first_));
    EXPECT_THAT(publish::FindTag(tag_ + "-r2", destination),
                IsOkAndHolds(second_));
  }

  const std::string tag_ = CellTag(TestCoordinates(1));
  std::string first_;
  std::string second_;
};

TEST_F(ReconcileTest, TagsWhatIsThere) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const PublishReport report, Run(layout_));
  EXPECT_EQ(report.copied_images(), 0);
  EXPECT_EQ(report.moved_tags(), 3);
  EXPECT_THAT(report.missing(), IsEmpty());
  CheckTags(layout_);
  GANTRY_ASSERT_OK_AND_ASSIGN(const PublishReport again, Run(layout_));
  EXPECT_EQ(again.moved_tags(), 0);
}

TEST_F(ReconcileTest, TagsOfOtherImagesAreMoved) {
  const std::string stray = Publish(1, "not recorded", layout_);
  ASSERT_THAT(publish::TagImage(stray, tag_, layout_), IsOk());
  ASSERT_THAT(publish::TagImage(first_, tag_ + "-r2", layout_), IsOk());
  ASSERT_THAT(Run(layout_), IsOk());
  CheckTags(layout_);
}

TEST_F(ReconcileTest, OtherLayoutIsFilled) {
  publish::Destination other;
  other.layout_directory = PathOf("other");
  GANTRY_ASSERT_OK_AND_ASSIGN(const PublishReport report, Run(other));
  EXPECT_EQ(report.copied_images(), 2);
  CheckTags(other);
}

TEST_F(ReconcileTest, LostImageIsReported) {
  Lose(first_);
  GANTRY_ASSERT_OK_AND_ASSIGN(const PublishReport report, Run(layout_));
  EXPECT_THAT(report.missing(),
              ElementsAre(HasSubstr(absl::StrCat(TestId(1), " revision 1: "))));
  EXPECT_THAT(publish::FindTag(tag_, layout_), IsOkAndHolds(second_));
}

TEST_F(ReconcileTest, LostImageIsCopiedFromAReplica) {
  publish::Destination replica;
  replica.layout_directory = PathOf("replica");
  ASSERT_THAT(Run(replica), IsOk());
  Lose(first_);
  Lose(second_);
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const PublishReport report,
      Run(layout_, {absl::StrCat("oci:", PathOf("none")),
                    absl::StrCat("oci:", replica.layout_directory)}));
  EXPECT_EQ(report.copied_images(), 2);
  EXPECT_THAT(report.missing(), IsEmpty());
  CheckTags(layout_);
}

TEST_F(ReconcileTest, PrunedRevisionIsNeitherCopiedNorTagged) {
  ASSERT_THAT(client_->PruneRevision(TestId(1), 1), IsOk());
  publish::Destination other;
  other.layout_directory = PathOf("other");
  GANTRY_ASSERT_OK_AND_ASSIGN(const PublishReport report, Run(other));
  EXPECT_EQ(report.copied_images(), 1);
  EXPECT_EQ(report.moved_tags(), 2);
  EXPECT_THAT(publish::HasImage(first_, other), IsOkAndHolds(false));
  EXPECT_THAT(publish::FindTag(tag_ + "-r1", other),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(publish::FindTag(tag_, other), IsOkAndHolds(second_));
}

TEST_F(ReconcileTest, RegistryIsFilledAndFillsAnother) {
  const publish::Destination registry = StartRegistry();
  GANTRY_ASSERT_OK_AND_ASSIGN(const PublishReport first, Run(registry));
  EXPECT_EQ(first.copied_images(), 2);
  CheckTags(registry);
  GANTRY_ASSERT_OK_AND_ASSIGN(const PublishReport again, Run(registry));
  EXPECT_EQ(again.copied_images() + again.moved_tags(), 0);

  // From registry to registry: where the images were recorded, they are lost.
  Lose(first_);
  Lose(second_);
  const publish::Destination replica = StartRegistry();
  GANTRY_ASSERT_OK_AND_ASSIGN(const PublishReport copied,
                              Run(replica, {registry.registry_repository}));
  EXPECT_EQ(copied.copied_images(), 2);
  CheckTags(replica);
}

TEST_F(ReconcileTest, RegistryThatAnotherChangesIsLeftAlone) {
  const publish::Destination registry = StartRegistry();
  TakeLease(registry);
  EXPECT_THAT(Run(registry),
              StatusIs(absl::StatusCode::kAborted,
                       AllOf(HasSubstr(registry.registry_repository),
                             HasSubstr("another until 2023-11-14"))));
  EXPECT_THAT(publish::HasImage(first_, registry), IsOkAndHolds(false));
}

TEST_F(ReconcileTest, UnreachableRegistryIsUnavailable) {
  publish::Destination destination;
  destination.registry_repository = "127.0.0.1:1/x";
  EXPECT_THAT(Run(destination), StatusIs(absl::StatusCode::kUnavailable,
                                         HasSubstr("127.0.0.1:1/x")));
}

TEST_F(ReconcileTest, CellsThatWereRecordedElsewhereArePublished) {
  const publish::Destination registry = StartRegistry();
  Plan(2);
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<Cell> cells,
                              client_->ListCells({}));
  Progress progress(stderr);
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const PublishReport report,
      PublishRecordedElsewhere(*client_, cells, registry, progress));
  EXPECT_EQ(report.copied_images(), 1);
  EXPECT_EQ(report.moved_tags(), 2);
  EXPECT_THAT(publish::FindTag(tag_, registry), IsOkAndHolds(second_));
  EXPECT_THAT(publish::FindTag(tag_ + "-r2", registry), IsOkAndHolds(second_));

  GANTRY_ASSERT_OK_AND_ASSIGN(
      const PublishReport again,
      PublishRecordedElsewhere(*client_, cells, registry, progress));
  EXPECT_EQ(again.copied_images() + again.moved_tags(), 0);
}

}  // namespace
}  // namespace gantry::job
