#include "release/job/fingerprint.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::job {
namespace {

using ::testing::MatchesRegex;
using ::testing::StartsWith;

TEST(FingerprintTest, NormalizesPathsNumbersAndSpaces) {
  EXPECT_EQ(NormalizeError("/build/6.1.0/nvidia/nv-pci.c:196:13: error:  too "
                           "few arguments at 0xffff8 of version 535.261.03 "),
            "nv-pci.c:#:#: error: too few arguments at # of version #");
}

TEST(FingerprintTest, KernelsFailWithOneFingerprint) {
  const std::string fingerprint =
      Fingerprint("compile", "kernel-open/nvidia/nv.c:10:2: error: no member");
  EXPECT_THAT(fingerprint, MatchesRegex("v1:compile:[0-9a-f]{16}"));
  EXPECT_EQ(
      Fingerprint("compile", "modules/nvidia/nv.c:12:2: error: no member"),
      fingerprint);
  EXPECT_NE(Fingerprint("compile", "modules/nvidia/nv.c:12:2: error: no type"),
            fingerprint);
  EXPECT_NE(Fingerprint("proof", "modules/nvidia/nv.c:12:2: error: no member"),
            fingerprint);
}

TEST(FingerprintTest, ErrorMayBeEmpty) {
  EXPECT_THAT(Fingerprint("job", ""), StartsWith("v1:job:e3b0c44298fc1c14"));
}

}  // namespace
}  // namespace gantry::job
