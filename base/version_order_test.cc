#include "base/version_order.h"

#include <string>
#include <vector>

#include "base/status_matchers.h"
#include "base/subprocess.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry {
namespace {

int Sign(int value) { return (value > 0) - (value < 0); }

TEST(VersionOrderTest, OrdersRealVersions) {
  // From old to new.
  const std::vector<std::string> versions = {
      "6.1.0-9",          "6.1.0-50",
      "6.1.0-56",         "6.9.1+deb12",
      "6.12.95+deb12",    "6.12.115+deb13",
      "6.12.115+deb13.1", "6.12.117+deb12",
      "435.21",           "535.261.03-1",
      "535.261.03-1.1",   "535.309.01-0+deb12u1",
      "2345.3.1",         "4230.2.0",
      "1:1.0~rc1",        "1:1.0",
  };
  for (size_t i = 0; i < versions.size(); ++i) {
    for (size_t j = 0; j < versions.size(); ++j) {
      EXPECT_EQ(Sign(CompareVersions(versions[i], versions[j])),
                (i > j) - (i < j))
          << versions[i] << " and " << versions[j];
    }
  }
}

TEST(VersionOrderTest, AgreesWithDpkg) {
  const std::vector<std::string> versions = {
      "1.0",   "1.0-0",  "1.0-1",  "1.0~rc1-1", "1.0~~", "1.0+b1",
      "1.0a",  "1.00.1", "1.0.-1", "0:1.0",     "1:0.1", "1.0-1-1",
      "1.010", "1.0+",   "1.0~",   "1.9",       "1.10",  "1.10~deb12u1",
  };
  for (const std::string& a : versions) {
    for (const std::string& b : versions) {
      SubprocessOptions dpkg;
      dpkg.argv = {"dpkg", "--compare-versions", a, "lt", b};
      const auto result = RunSubprocess(dpkg);
      ASSERT_THAT(result, IsOk());
      EXPECT_EQ(CompareVersions(a, b) < 0, result->exit_code == 0)
          << a << " and " << b;
    }
  }
}

TEST(VersionOrderTest, UpstreamVersion) {
  EXPECT_EQ(UpstreamVersion("535.261.03-1"), "535.261.03");
  EXPECT_EQ(UpstreamVersion("1:2-3-4~deb12u1"), "2-3");
  EXPECT_EQ(UpstreamVersion("11.8.0"), "11.8.0");
}

TEST(VersionOrderTest, PrefixEndsAtADot) {
  EXPECT_TRUE(HasVersionPrefix("535.261.03", "535"));
  EXPECT_TRUE(HasVersionPrefix("535.261.03", "535.261.03"));
  EXPECT_FALSE(HasVersionPrefix("535.261.03", "53"));
  EXPECT_FALSE(HasVersionPrefix("6.12.1", "6.1"));
  EXPECT_TRUE(HasVersionPrefix("6.12.1", ""));
}

}  // namespace
}  // namespace gantry
