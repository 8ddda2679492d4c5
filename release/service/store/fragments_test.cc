#include "release/service/store/fragments.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/digest.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/event.pb.h"
#include "proto/fragment.pb.h"
#include "proto/release_service.pb.h"
#include "release/service/rpc_status/error_details.h"
#include "release/service/store/cell_store.h"
#include "release/service/store/test_store.h"
#include "tests/fixtures/test_channels.h"

namespace gantry::service {
namespace {

using ::gantry::fixtures::TestFragment;
using ::gantry::release::v1::Fragment;
using ::testing::ElementsAre;
using ::testing::SizeIs;

constexpr size_t kNoBytesLimit = 1 << 30;

// Matches a Fragment.
MATCHER_P(HasContent, content, "has the content") {
  return arg.content() == content;
}

class FragmentsTest : public testing::Test {
 protected:
  void SetUp() override {
    GANTRY_ASSERT_OK_AND_ASSIGN(store_, CellStore::Open(database_.path()));
  }

  void Put(const std::vector<Fragment>& fragments) {
    release::v1::PutFragmentsRequest request;
    request.mutable_fragments()->Assign(fragments.begin(), fragments.end());
    ASSERT_THAT(Apply(*store_, PutFragments, request), IsOk());
  }

  std::vector<release::v1::Event> Events() {
    auto events = store_->ListEvents(0, 100, kNoBytesLimit);
    EXPECT_THAT(events, IsOk());
    return *std::move(events);
  }

  const TestDatabase database_;
  std::unique_ptr<CellStore> store_;
};

TEST_F(FragmentsTest, OnlyChangesAreEvents) {
  Put({TestFragment("a"), TestFragment("b"), TestFragment("a")});
  Put({TestFragment("b")});
  EXPECT_THAT(Events(), SizeIs(2));

  Fragment moved = TestFragment("a");
  moved.mutable_sources()->mutable_driver()->mutable_source()->set_url(
      "https://mirror.example/a.tar.xz");
  Put({moved});
  const std::vector<release::v1::Event> events = Events();
  ASSERT_THAT(events, SizeIs(3));
  EXPECT_EQ(events[2].kind(), release::v1::EVENT_KIND_FRAGMENT_PUT);
  EXPECT_FALSE(events[2].has_cell());
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const auto found,
      store_->GetFragments({Sha256Digest("a")}, kNoBytesLimit));
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].SerializeAsString(), moved.SerializeAsString());
}

TEST_F(FragmentsTest, FragmentsAreReturnedInTheOrderOfTheDigests) {
  Put({TestFragment("a"), TestFragment("b"), TestFragment("c")});
  EXPECT_THAT(store_->GetFragments(
                  {Sha256Digest("c"), Sha256Digest("a"), Sha256Digest("c")},
                  kNoBytesLimit),
              IsOkAndHolds(ElementsAre(HasContent("c"), HasContent("a"),
                                       HasContent("c"))));
}

TEST_F(FragmentsTest, PageStopsBeforeTheLimitButIsNotEmpty) {
  Put({TestFragment("a"), TestFragment("b"), TestFragment("c")});
  const std::vector<std::string> digests = {
      Sha256Digest("a"), Sha256Digest("b"), Sha256Digest("c")};
  const size_t size = TestFragment("a").ByteSizeLong();
  EXPECT_THAT(store_->GetFragments(digests, 2 * size), IsOkAndHolds(SizeIs(2)));
  EXPECT_THAT(store_->GetFragments(digests, 2 * size - 1),
              IsOkAndHolds(SizeIs(1)));
  EXPECT_THAT(store_->GetFragments(digests, 1), IsOkAndHolds(SizeIs(1)));
}

TEST_F(FragmentsTest, UnknownDigestIsNotFound) {
  Put({TestFragment("a")});
  const std::string unknown = Sha256Digest("b");
  const auto found =
      store_->GetFragments({Sha256Digest("a"), unknown}, kNoBytesLimit);
  EXPECT_THAT(found,
              StatusIs(absl::StatusCode::kNotFound,
                       absl::StrCat("the service has no fragment ", unknown)));
  EXPECT_EQ(
      GetDetail<google::rpc::ResourceInfo>(found.status())->resource_name(),
      unknown);
}

}  // namespace
}  // namespace gantry::service
