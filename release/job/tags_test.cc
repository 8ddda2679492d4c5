#include "release/job/tags.h"

#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "base/cell_name.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "release/job/publish_fixture.h"
#include "release/publish/publisher.h"
#include "tests/fixtures/test_cells.h"

namespace gantry::job {
namespace {

using ::gantry::fixtures::TestCoordinates;
using ::gantry::fixtures::TestId;

class TagsTest : public PublishTest {
 protected:
  absl::StatusOr<int> Set(int revision) {
    return SetRevisionTags(*client_, layout_, TestId(1), revision);
  }

  absl::StatusOr<std::string> Find(const std::string& suffix = "") {
    return publish::FindTag(tag_ + suffix, layout_);
  }

  const std::string tag_ = CellTag(TestCoordinates(1));
};

TEST_F(TagsTest, FollowTheRecord) {
  const std::string first = Record(1, "first");
  EXPECT_THAT(Set(1), IsOkAndHolds(2));
  EXPECT_THAT(Find(), IsOkAndHolds(first));
  EXPECT_THAT(Find("-r1"), IsOkAndHolds(first));
  EXPECT_THAT(Set(1), IsOkAndHolds(0));

  const std::string second = Record(1, "second");
  EXPECT_THAT(Set(2), IsOkAndHolds(2));
  EXPECT_THAT(Find(), IsOkAndHolds(second));
  EXPECT_THAT(Find("-r1"), IsOkAndHolds(first));
  EXPECT_THAT(Find("-r2"), IsOkAndHolds(second));
}

TEST_F(TagsTest, LateWriterSetsTheTagToTheNewestRevision) {
  const std::string first = Record(1, "first");
  const std::string second = Record(1, "second");
  EXPECT_THAT(Set(1), IsOkAndHolds(2));
  EXPECT_THAT(Find(), IsOkAndHolds(second));
  EXPECT_THAT(Find("-r1"), IsOkAndHolds(first));
}

TEST_F(TagsTest, TagOfAnImageWithoutARecordIsMoved) {
  const std::string first = Record(1, "first");
  const std::string stray = Publish(1, "stray", layout_);
  ASSERT_THAT(publish::TagImage(stray, tag_, layout_), IsOk());
  ASSERT_THAT(publish::TagImage(stray, tag_ + "-r1", layout_), IsOk());
  EXPECT_THAT(Set(1), IsOkAndHolds(2));
  EXPECT_THAT(Find(), IsOkAndHolds(first));
  EXPECT_THAT(Find("-r1"), IsOkAndHolds(first));
}

TEST_F(TagsTest, ConcurrentWritersAgree) {
  std::vector<std::thread> writers;
  std::string newest;
  for (int revision = 1; revision <= 12; ++revision) {
    newest = Record(1, absl::StrCat("content ", revision));
    writers.emplace_back(
        [this, revision] { EXPECT_THAT(Set(revision), IsOk()); });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_THAT(Find(), IsOkAndHolds(newest));
  EXPECT_THAT(Find("-r12"), IsOkAndHolds(newest));
}

TEST_F(TagsTest, ImageThatTheDestinationLacksGetsNoTag) {
  Record(1, "first");
  publish::Destination other;
  other.layout_directory = PathOf("other");
  EXPECT_THAT(SetRevisionTags(*client_, other, TestId(1), 1), IsOkAndHolds(0));
  EXPECT_THAT(publish::FindTag(tag_, other),
              StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace gantry::job
