#include "release/plan/release_index.h"

#include "absl/status/status.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::plan {
namespace {

using ::testing::ElementsAre;

// An abridged index of Flatcar's.
constexpr char kIndex[] = R"({
  "current": {"channel": "stable", "architectures": ["amd64", "arm64"]},
  "3975.2.2": {"channel": "stable", "architectures": ["amd64", "arm64"],
    "release_date": "2024-10-15 09:00:00 +0000",
    "major_software": {"kernel": ["6.6.54"], "systemd": ["255"]}},
  "4230.2.10": {"channel": "stable", "architectures": ["amd64"]},
  "4230.2.0": {"channel": "stable", "architectures": ["amd64"]},
  "4230.2.2": {"channel": "stable", "architectures": ["arm64"]},
  "4300.0.0": {"channel": "alpha", "architectures": ["amd64"]}
})";

TEST(ReleaseIndexTest, FindsReleasesOfTheChannelForAmd64FromNewToOld) {
  EXPECT_THAT(ParseReleaseIndex(kIndex, "stable"),
              IsOkAndHolds(ElementsAre("4230.2.10", "4230.2.0", "3975.2.2")));
}

TEST(ReleaseIndexTest, ReleaseWithoutChannelMatches) {
  EXPECT_THAT(
      ParseReleaseIndex(R"({"2023.4.0": {}, "2079.3.0": {}})", "stable"),
      IsOkAndHolds(ElementsAre("2079.3.0", "2023.4.0")));
}

TEST(ReleaseIndexTest, MalformedIndexIsDataLoss) {
  for (const char* text : {"", "<html>", "[1]", "{\"a\": "}) {
    EXPECT_THAT(ParseReleaseIndex(text, "stable"),
                StatusIs(absl::StatusCode::kDataLoss))
        << text;
  }
}

}  // namespace
}  // namespace gantry::plan
