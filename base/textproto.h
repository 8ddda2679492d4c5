#ifndef GANTRY_BASE_TEXTPROTO_H_
#define GANTRY_BASE_TEXTPROTO_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace gantry {

// Parses the text format into `message`.  INVALID_ARGUMENT, with the
// position as "<name>:<line>:<column>: ", counted from 1: malformed.
absl::Status ParseTextProto(absl::string_view text, absl::string_view name,
                            google::protobuf::Message& message);

// Parses a file; errors name its path.
absl::Status ReadTextProto(const std::string& path,
                           google::protobuf::Message& message);

// The text format, deterministic for equal messages.
std::string FormatTextProto(const google::protobuf::Message& message);

}  // namespace gantry

#endif  // GANTRY_BASE_TEXTPROTO_H_
