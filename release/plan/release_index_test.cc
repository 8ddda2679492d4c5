#include "release/plan/release_index.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace gantry::plan {
namespace {

// In the form of Flatcar's index, shortened.
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

TEST(ReleaseIndexTest, ChannelsReleasesForAmd64FromNewToOld) {
  const auto versions = ParseReleaseIndex(kIndex, "stable");
  ASSERT_TRUE(versions.ok()) << versions.status();
  EXPECT_EQ(*versions,
            (std::vector<std::string>{"4230.2.10", "4230.2.0", "3975.2.2"}));
}

TEST(ReleaseIndexTest, UnsaidChannelCounts) {
  const auto versions =
      ParseReleaseIndex(R"({"2023.4.0": {}, "2079.3.0": {}})", "stable");
  ASSERT_TRUE(versions.ok()) << versions.status();
  EXPECT_EQ(*versions, (std::vector<std::string>{"2079.3.0", "2023.4.0"}));
}

TEST(ReleaseIndexTest, OtherTextIsDataLoss) {
  for (const char* text : {"", "<html>", "[1]", "{\"a\": "}) {
    EXPECT_EQ(ParseReleaseIndex(text, "stable").status().code(),
              absl::StatusCode::kDataLoss)
        << text;
  }
}

}  // namespace
}  // namespace gantry::plan
