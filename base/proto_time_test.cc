#include "base/proto_time.h"

#include <cstdint>

#include "gtest/gtest.h"

namespace gantry {
namespace {

using ::google::protobuf::Duration;
using ::google::protobuf::Timestamp;

TEST(ProtoTimeTest, TimesRoundTripInMicroseconds) {
  for (const absl::Time time :
       {absl::UnixEpoch(), absl::FromUnixMicros(1700000000123456),
        absl::FromUnixMicros(-1)}) {
    EXPECT_EQ(ToTime(ToTimestamp(time)), time);
  }
  const absl::Time time = absl::FromUnixMicros(1700000000123456);
  EXPECT_EQ(ToTimestamp(time).seconds(), 1700000000);
  EXPECT_EQ(ToTimestamp(time).nanos(), 123456000);
  EXPECT_EQ(ToTime(ToTimestamp(time + absl::Nanoseconds(999))), time);
}

TEST(ProtoTimeTest, TimesBeforeTheEpochHavePositiveNanoseconds) {
  const Timestamp timestamp = ToTimestamp(absl::FromUnixMicros(-1));
  EXPECT_EQ(timestamp.seconds(), -1);
  EXPECT_EQ(timestamp.nanos(), 999999000);
}

TEST(ProtoTimeTest, DurationsKeepNanosecondsAndSign) {
  Duration duration;
  duration.set_seconds(-2);
  duration.set_nanos(-5);
  EXPECT_EQ(ToDuration(duration), -absl::Seconds(2) - absl::Nanoseconds(5));
}

TEST(ProtoTimeTest, ProtoDurationsRoundTripInNanoseconds) {
  for (const absl::Duration duration :
       {absl::ZeroDuration(), absl::Nanoseconds(1), absl::Hours(24),
        absl::Seconds(2) + absl::Nanoseconds(5),
        -absl::Seconds(2) - absl::Nanoseconds(5)}) {
    EXPECT_EQ(ToDuration(ToProtoDuration(duration)), duration);
  }
  const Duration duration = ToProtoDuration(absl::Milliseconds(90'500));
  EXPECT_EQ(duration.seconds(), 90);
  EXPECT_EQ(duration.nanos(), 500'000'000);
  EXPECT_EQ(ToProtoDuration(absl::Nanoseconds(1) / 4).nanos(), 0);
}

// duration.proto: "must be of the same sign".
TEST(ProtoTimeTest, NegativeProtoDurationsHaveNegativeNanoseconds) {
  const Duration duration = ToProtoDuration(-absl::Milliseconds(1'500));
  EXPECT_EQ(duration.seconds(), -1);
  EXPECT_EQ(duration.nanos(), -500'000'000);
}

TEST(ProtoTimeTest, ValuesOutOfRangeSaturate) {
  Timestamp timestamp;
  timestamp.set_seconds(INT64_MAX);
  EXPECT_GT(ToTime(timestamp), absl::FromUnixSeconds(INT64_MAX / 2));
  timestamp.set_seconds(INT64_MIN);
  EXPECT_LT(ToTime(timestamp), absl::FromUnixSeconds(INT64_MIN / 2));
  Duration duration;
  duration.set_seconds(INT64_MAX);
  duration.set_nanos(INT32_MAX);
  EXPECT_EQ(ToDuration(duration), absl::InfiniteDuration());
}

}  // namespace
}  // namespace gantry
