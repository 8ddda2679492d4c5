#include "release/service/server/page_token.h"

#include <random>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/cell.pb.h"
#include "release/service/rpc_status/error_details.h"

namespace gantry::service {
namespace {

using ::gantry::release::v1::ListCellsRequest;
using ::testing::AnyOf;

constexpr char kId[] =
    "debian-12-6.1.0-56-cloud-amd64_amd64_nvidia_535.261.03_open_cuda12.4";

ListCellsRequest Filter() {
  ListCellsRequest request;
  request.set_channel("6.1-cloud");
  request.set_os_release("debian-12-");
  request.add_states(release::v1::CELL_STATE_BUILT);
  request.add_states(release::v1::CELL_STATE_FAILED);
  return request;
}

ListCellsRequest NextPage() {
  ListCellsRequest request = Filter();
  request.set_page_token(MakePageToken(Filter(), kId));
  return request;
}

// Changes, erases and inserts bytes.
std::string Damage(std::string text, std::mt19937& random) {
  for (int edits = 1 + random() % 4; edits > 0 && !text.empty(); --edits) {
    const size_t at = random() % text.size();
    switch (random() % 3) {
      case 0:
        text[at] = static_cast<char>(random());
        break;
      case 1:
        text.erase(at, 1 + random() % 8);
        break;
      default:
        text.insert(at, 1, static_cast<char>(random()));
    }
  }
  return text;
}

TEST(PageTokenTest, MissingTokenIsTheFirstPage) {
  EXPECT_THAT(ParsePageToken(Filter()), IsOkAndHolds(""));
}

TEST(PageTokenTest, RoundTripsTheId) {
  EXPECT_THAT(ParsePageToken(NextPage()), IsOkAndHolds(kId));
}

TEST(PageTokenTest, IgnoresThePageSizeAndTheOrderOfStates) {
  ListCellsRequest request = NextPage();
  request.set_page_size(7);
  request.clear_states();
  request.add_states(release::v1::CELL_STATE_FAILED);
  request.add_states(release::v1::CELL_STATE_BUILT);
  request.add_states(release::v1::CELL_STATE_FAILED);
  EXPECT_THAT(ParsePageToken(request), IsOkAndHolds(kId));
}

TEST(PageTokenTest, DifferentFilterIsRefused) {
  const absl::Status refused =
      InvalidFieldError("page_token", "was issued for a different filter");
  ListCellsRequest request = NextPage();
  request.clear_channel();
  EXPECT_EQ(ParsePageToken(request).status(), refused);
  request = NextPage();
  request.set_os_release("debian-12");
  EXPECT_EQ(ParsePageToken(request).status(), refused);
  request = NextPage();
  request.set_driver_version("535");
  EXPECT_EQ(ParsePageToken(request).status(), refused);
  request = NextPage();
  request.set_cuda_version("12");
  EXPECT_EQ(ParsePageToken(request).status(), refused);
  request = NextPage();
  request.mutable_states()->RemoveLast();
  EXPECT_EQ(ParsePageToken(request).status(), refused);
}

TEST(PageTokenTest, MalformedTokenIsRefused) {
  const absl::Status refused =
      InvalidFieldError("page_token", "was not issued by this service");
  ListCellsRequest request = Filter();
  for (const std::string& token :
       {std::string("x"), std::string("!"), std::string(10000, 'A'),
        absl::WebSafeBase64Escape("10123456789abcdef"),
        absl::WebSafeBase64Escape("20123456789abcdefid")}) {
    request.set_page_token(token);
    EXPECT_EQ(ParsePageToken(request).status(), refused) << token;
  }
}

// Any client can send any token.  One that parses is harmless: the store
// accepts any id as the start of a page.
TEST(PageTokenTest, DamagedTokenIsRefusedOrNamesAnId) {
  std::mt19937 random(1);
  const std::string token = NextPage().page_token();
  for (int i = 0; i < 100'000; ++i) {
    const std::string damaged = Damage(token, random);
    ListCellsRequest request = Filter();
    request.set_page_token(damaged);
    EXPECT_THAT(ParsePageToken(request),
                AnyOf(IsOk(), StatusIs(absl::StatusCode::kInvalidArgument)));
  }
}

}  // namespace
}  // namespace gantry::service
