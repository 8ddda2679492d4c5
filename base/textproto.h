#ifndef GANTRY_BASE_TEXTPROTO_H_
#define GANTRY_BASE_TEXTPROTO_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace gantry {

// Parses the text format into `message`.  INVALID_ARGUMENT names the place:
// "<name>:<line>:<column>: <what>", counted from 1.
absl::Status ParseTextProto(absl::string_view text, absl::string_view name,
                            google::protobuf::Message& message);

// The same for a file, whose path is the name.
absl::Status ReadTextProto(const std::string& path,
                           google::protobuf::Message& message);

// The text format, deterministic for equal messages.
std::string FormatTextProto(const google::protobuf::Message& message);

}  // namespace gantry

#endif  // GANTRY_BASE_TEXTPROTO_H_
