#include "release/service/server/page_token.h"

#include <random>
#include <string>

#include "absl/strings/escaping.h"
#include "gtest/gtest.h"
#include "release/service/rpc_status/error_details.h"

namespace gantry::service {
namespace {

using ::gantry::release::v1::ListCellsRequest;

constexpr char kId[] = "debian-12-6.1.0-56-cloud-amd64-535.261.03-cuda12.4";

ListCellsRequest Filter() {
  ListCellsRequest request;
  request.set_channel("6.1-cloud");
  request.set_os_release("debian-12-");
  request.add_state(release::v1::CELL_STATE_BUILT);
  request.add_state(release::v1::CELL_STATE_FAILED);
  return request;
}

ListCellsRequest NextPage() {
  ListCellsRequest request = Filter();
  request.set_page_token(MakePageToken(Filter(), kId));
  return request;
}

TEST(PageTokenTest, NoTokenIsTheFirstPage) {
  EXPECT_EQ(*ParsePageToken(Filter()), "");
}

TEST(PageTokenTest, GivesTheIdBack) {
  EXPECT_EQ(*ParsePageToken(NextPage()), kId);
}

TEST(PageTokenTest, PageSizeMayChangeAndStatesMayBeInAnyOrder) {
  ListCellsRequest request = NextPage();
  request.set_page_size(7);
  request.clear_state();
  request.add_state(release::v1::CELL_STATE_FAILED);
  request.add_state(release::v1::CELL_STATE_BUILT);
  request.add_state(release::v1::CELL_STATE_FAILED);
  EXPECT_EQ(*ParsePageToken(request), kId);
}

TEST(PageTokenTest, AnyOtherFilterIsRefused) {
  const absl::Status refused =
      InvalidFieldError("page_token", "is for another filter");
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
  request.mutable_state()->RemoveLast();
  EXPECT_EQ(ParsePageToken(request).status(), refused);
}

TEST(PageTokenTest, WhatIsNoTokenIsRefused) {
  const absl::Status refused =
      InvalidFieldError("page_token", "is not one that this service gave");
  ListCellsRequest request = Filter();
  for (const std::string& token :
       {std::string("x"), std::string("!"), std::string(10000, 'A'),
        absl::WebSafeBase64Escape("10123456789abcdef"),
        absl::WebSafeBase64Escape("20123456789abcdefid")}) {
    request.set_page_token(token);
    EXPECT_EQ(ParsePageToken(request).status(), refused) << token;
  }
}

// Tokens come from anyone: a damaged one is refused, or it names some id; the
// store takes any id as a place to begin.
TEST(PageTokenTest, DamagedTokensNeverBreak) {
  std::mt19937 random(1);
  const std::string token = NextPage().page_token();
  for (int i = 0; i < 100'000; ++i) {
    std::string damaged = token;
    for (int edits = 1 + random() % 4; edits > 0 && !damaged.empty(); --edits) {
      const size_t at = random() % damaged.size();
      switch (random() % 3) {
        case 0:
          damaged[at] = static_cast<char>(random());
          break;
        case 1:
          damaged.erase(at, 1 + random() % 8);
          break;
        default:
          damaged.insert(at, 1, static_cast<char>(random()));
      }
    }
    ListCellsRequest request = Filter();
    request.set_page_token(damaged);
    const auto id = ParsePageToken(request);
    EXPECT_TRUE(id.ok() ||
                id.status().code() == absl::StatusCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace gantry::service
