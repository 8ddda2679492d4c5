#include "release/resolve/version.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace gantry {
namespace {

TEST(CompareVersionsTest, EachOfTheseIsOlderThanTheNext) {
  const std::vector<std::string> versions = {
      "",
      "beta",
      "11.8",
      "12",
      "12.4",
      "12.4.beta",
      "12.4.1",
      "12.10",
      "535.54.03",
      "535.261.03",
      "550.9",
      "550.163.01",
      "1000",
      "99999999999999999999",
      "100000000000000000000",
  };
  for (size_t i = 0; i < versions.size(); ++i) {
    for (size_t j = 0; j < versions.size(); ++j) {
      EXPECT_EQ(CompareVersions(versions[i], versions[j]), i < j ? -1 : i > j)
          << versions[i] << " and " << versions[j];
    }
  }
}

TEST(CompareVersionsTest, LeadingZerosDoNotCount) {
  EXPECT_EQ(CompareVersions("535.54.03", "535.54.3"), 0);
  EXPECT_EQ(CompareVersions("0", "000"), 0);
}

TEST(VersionFitsTest, InWholeParts) {
  EXPECT_TRUE(VersionFits("535.261.03", ""));
  EXPECT_TRUE(VersionFits("535.261.03", "535"));
  EXPECT_TRUE(VersionFits("535.261.03", "535."));
  EXPECT_TRUE(VersionFits("535.261.03", "535.261.03"));
  EXPECT_TRUE(VersionFits("12.1.3", "12.1"));
  EXPECT_FALSE(VersionFits("12.10", "12.1"));
  EXPECT_FALSE(VersionFits("535.261.03", "53"));
  EXPECT_FALSE(VersionFits("12.4", "12.4.1"));
}

}  // namespace
}  // namespace gantry
