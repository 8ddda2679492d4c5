#ifndef GANTRY_BASE_PROTO_TIME_H_
#define GANTRY_BASE_PROTO_TIME_H_

#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"

namespace gantry {

// Conversions between abseil's and protobuf's times and durations.

// Rounded down to microseconds, which is what databases store.  `time` must be
// within the years 1 to 9999, the range of google.protobuf.Timestamp.
google::protobuf::Timestamp ToTimestamp(absl::Time time);

// Any message is accepted; values outside abseil's range become infinite.
absl::Time ToTime(const google::protobuf::Timestamp& timestamp);
absl::Duration ToDuration(const google::protobuf::Duration& duration);

// Rounded down to nanoseconds.  `duration` must be finite.
google::protobuf::Duration ToProtoDuration(absl::Duration duration);

}  // namespace gantry

#endif  // GANTRY_BASE_PROTO_TIME_H_
